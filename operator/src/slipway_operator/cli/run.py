"""`slipway-operator run`: makes everything, starts it in order, and ends it in order.

Start: probes → credentials → stores fill (every replica, so a standby is warm) → the Lease → workers
→ kopf, once the CRD is served. End, on SIGTERM: kopf stops, the queue closes, running looks get some
seconds to finish, the Lease is given back. A part that dies for another reason than its own retries
can cover ends the process: a fresh one starts from what it observes.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Coroutine, Mapping
from typing import Any, Final

from slipway_operator.cli.parts import Parts, assemble
from slipway_operator.cli.show import show
from slipway_operator.cli.watch import watch_modeldeployments
from slipway_operator.kube.access import Access, kubeconfig_from
from slipway_operator.kube.clock import Clock
from slipway_operator.kube.lease import LeaseLost
from slipway_operator.settings import Settings, SettingsError
from slipway_operator.telemetry import logs
from slipway_operator.telemetry.health import TICK_SECONDS, Health
from slipway_operator.telemetry.metrics import Metrics
from slipway_operator.telemetry.probes import ProbeServer

LOG = logging.getLogger(__name__)
GRACE_SECONDS: Final = 20.0
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def run(settings: Settings, environ: Mapping[str, str]) -> int:
    """Runs until SIGTERM or SIGINT (0), or until a part dies (1)."""
    logs.set_up(settings.log_format, settings.log_level)
    return asyncio.run(_operate(settings, environ))


async def _operate(settings: Settings, environ: Mapping[str, str]) -> int:
    stop = asyncio.Event()
    take_signals(stop)
    access = await _log_in(settings.kubeconfig or kubeconfig_from(environ))
    parts = assemble(settings, access)
    tasks = Supervised(stop)
    try:
        probes = _probes(parts)
        _start(parts, tasks)
        await watch_modeldeployments(parts, access, stop, lambda: take_signals(stop))
        await _end(parts, tasks)
        probes.stop()
    finally:
        await parts.session.close()
    return 1 if tasks.failed else 0


async def _log_in(kubeconfig: str) -> Access:
    try:
        return await Access.load(kubeconfig)
    except Exception as error:
        source = kubeconfig or "the pod's service account"
        raise SettingsError(f"no usable credentials in {source}: {error}; see --kubeconfig") from error


def _probes(parts: Parts) -> ProbeServer:
    show(parts)
    port = parts.settings.port
    try:
        probes = ProbeServer(parts.health, parts.metrics.registry, port=port)
    except OSError as error:
        raise SettingsError(f"port {port} cannot be served: {error}; choose another with --port") from error
    probes.start()
    LOG.info("probes and metrics on port %d", probes.port)
    return probes


def take_signals(stop: asyncio.Event) -> None:
    """Lets SIGTERM and SIGINT set `stop`; called again after kopf took them for itself."""
    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)


class Supervised:
    """Tasks that must not end by themselves; one that does sets `stop` and counts as a failure."""

    def __init__(self, stop: asyncio.Event) -> None:
        self.failed = False
        self._stop = stop
        self._tasks: list[asyncio.Task[Any]] = []

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        """Runs `work` until `cancel`."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    async def cancel(self) -> None:
        """Ends all of them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        bug = None if isinstance(error, LeaseLost) else error
        LOG.critical("%s ended: %s; the process ends", task.get_name(), error, exc_info=bug)
        self.failed = True
        self._stop.set()


def _start(parts: Parts, tasks: Supervised) -> None:
    tasks.start(_tick(parts.clock, parts.health, parts.metrics), "event loop clock")
    for reflector in parts.reflectors:
        tasks.start(reflector.run(), f"watch of {reflector.kind}")
    if parts.elector is not None:
        tasks.start(parts.elector.run(), "Lease")
    parts.workers.start()


async def _end(parts: Parts, tasks: Supervised) -> None:
    """What runs may finish, unless the Lease is gone: then another one may be writing already."""
    lost = tasks.failed and parts.elector is not None and not parts.elector.valid
    LOG.info("stopping")
    await parts.workers.stop(0.0 if lost else GRACE_SECONDS)
    await tasks.cancel()
    if parts.elector is not None and not lost:
        await parts.elector.release()


async def _tick(clock: Clock, health: Health, metrics: Metrics) -> None:
    """Shows that the event loop comes round, and how late."""
    while True:
        began = clock.now()
        await clock.sleep(TICK_SECONDS)
        metrics.loop_lag.set(max(0.0, clock.now() - began - TICK_SECONDS))
        health.ticked()
