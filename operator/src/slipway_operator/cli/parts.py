"""Makes the operator's parts and wires them to each other; nothing runs yet."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from slipway_operator.core.actions import Kind
from slipway_operator.core.decide import Defaults
from slipway_operator.core.slim import slim
from slipway_operator.kube import errors
from slipway_operator.kube.access import Access, Answered
from slipway_operator.kube.client import Client
from slipway_operator.kube.clock import Clock, MonotonicClock, utc_now
from slipway_operator.kube.events import Recorder
from slipway_operator.kube.execute import Executor
from slipway_operator.kube.lease import Elector, LeaseTimes
from slipway_operator.kube.queue import WorkQueue
from slipway_operator.kube.reflector import Reflector
from slipway_operator.kube.rest import RestClient
from slipway_operator.kube.store import Store
from slipway_operator.kube.workers import Workers
from slipway_operator.reconciler import Reconciler
from slipway_operator.settings import Settings
from slipway_operator.telemetry.health import Health
from slipway_operator.telemetry.metrics import Metrics

OWN_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Everything that is started and ended."""

    settings: Settings
    clock: Clock
    metrics: Metrics
    health: Health
    session: aiohttp.ClientSession
    answered: Answered
    client: Client
    queue: WorkQueue
    reflectors: tuple[Reflector, ...]
    elector: Elector | None
    workers: Workers


def assemble(settings: Settings, access: Access) -> Parts:
    """All parts for these settings, on one session of `access`."""
    clock = MonotonicClock()
    metrics, health = Metrics(clock.now), Health(clock.now)
    answered = _listener(metrics, health)
    session = access.session(answered)
    client = RestClient(session, access.server)
    store, queue = Store(slim), WorkQueue(clock, metrics.queue)
    elector = _elector(settings, client, clock)
    fence = _fence(elector)
    reflectors = tuple(
        Reflector(
            kind, namespace, client=client, store=store, wake=queue.add, clock=clock, observer=metrics.watches
        )
        for kind in Kind
        for namespace in settings.namespace or (None,)
    )
    reconciler = Reconciler(
        client=client,
        store=store,
        executor=Executor(client, store, fence),
        recorder=Recorder(client, instance=socket.gethostname(), clock=clock, wall=utc_now),
        states=metrics.objects,
        defaults=Defaults(runtime_image=settings.runtime_image),
        fence=fence,
        wall=utc_now,
    )
    workers = Workers(
        queue,
        reconciler,
        count=settings.workers,
        gate=_gate(reflectors, elector),
        clock=clock,
        meter=metrics.reconciles,
    )
    return Parts(
        settings=settings,
        clock=clock,
        metrics=metrics,
        health=health,
        session=session,
        answered=answered,
        client=client,
        queue=queue,
        reflectors=reflectors,
        elector=elector,
        workers=workers,
    )


def _listener(metrics: Metrics, health: Health) -> Answered:
    def answered(request: aiohttp.ClientRequest, status: int, seconds: float) -> None:
        metrics.requests.answered(request.method, request.url.authority, status, seconds)
        health.answered(status)

    return answered


def _elector(settings: Settings, client: Client, clock: Clock) -> Elector | None:
    if not settings.lease:
        return None
    seconds = settings.lease_seconds
    return Elector(
        client,
        namespace=_lease_namespace(settings),
        name=settings.lease,
        identity=settings.lease_identity or f"{socket.gethostname()}_{uuid.uuid4()}",
        clock=clock,
        wall=utc_now,
        times=LeaseTimes(duration=seconds, renew=seconds * 2 / 3, retry=seconds / 6),
    )


def _lease_namespace(settings: Settings) -> str:
    if settings.lease_namespace:
        return settings.lease_namespace
    if OWN_NAMESPACE.is_file():
        return OWN_NAMESPACE.read_text(encoding="utf-8").strip()
    return settings.namespace[0] if settings.namespace else "default"


def _fence(elector: Elector | None) -> Callable[[], None]:
    def fence() -> None:
        if elector is not None and not elector.valid:
            raise errors.Unreachable("this operator does not hold its Lease; another one may be writing")

    return fence


def _gate(reflectors: tuple[Reflector, ...], elector: Elector | None) -> Callable[[], Awaitable[None]]:
    async def opened() -> None:
        for reflector in reflectors:
            await reflector.synced.wait()
        if elector is not None:
            await elector.leading.wait()

    return opened
