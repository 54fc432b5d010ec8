"""One active operator among several: a `coordination.k8s.io` Lease.

A candidate watches the Lease's record. As long as the record keeps changing, its holder lives; the
time of each change is taken from our own monotonic clock when we see it, never from the other's
wall clock. A record that has not changed for its whole duration is up for grabs: the update carries
the resourceVersion, so one of several takers wins. The holder renews every few seconds; if it
cannot for `renew`, which is well before others may take over, it stops writing and goes on trying:
an API server that is away must not restart operators. When the line is back it either holds the
Lease again or finds another holder: `LeaseLost` then ends the process, and a fresh one starts from
what it observes. On a clean exit the Lease is released, so the next operator takes over within a
retry.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from slipway_operator.kube import errors
from slipway_operator.kube.client import LEASES, Client, Json
from slipway_operator.kube.clock import Clock

LOG = logging.getLogger(__name__)


class LeaseLost(Exception):  # noqa: N818 -- an event that ends the process, not a fault of ours
    """Somebody else may be active by now; nothing more may be written."""


@dataclass(frozen=True, kw_only=True)
class LeaseTimes:
    """Seconds; `renew` < `duration`, and every call ends within `retry`."""

    duration: float = 30.0
    renew: float = 20.0
    retry: float = 5.0


class Elector:
    """Holds the Lease `namespace/name` as `identity`; `leading` is set while it does."""

    def __init__(
        self,
        client: Client,
        *,
        namespace: str,
        name: str,
        identity: str,
        clock: Clock,
        wall: Callable[[], datetime],
        times: LeaseTimes | None = None,
    ) -> None:
        self.leading = asyncio.Event()
        self._client = client
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._clock = clock
        self._wall = wall
        self._times = times or LeaseTimes()
        self._record: Json = {}
        self._changed_at = clock.now()
        self._renewed_at = clock.now()

    @property
    def valid(self) -> bool:
        """Whether we may still write: also false in the moment after a long stop of the process."""
        return self.leading.is_set() and self._clock.now() - self._renewed_at <= self._times.renew

    async def run(self) -> None:
        """Waits for the Lease, then keeps it; ends only with `LeaseLost`."""
        while not await self._attempt():
            await self._clock.sleep(self._times.retry)
        self._lead()
        try:
            await self._keep()
        finally:
            self.leading.clear()

    async def release(self) -> None:
        """Gives the Lease back, if it is ours; a failure only makes the next one wait longer."""
        if self._holder() != self._identity:
            return
        spec = self._record["spec"] | {"holderIdentity": "", "leaseDurationSeconds": 1}
        try:
            async with asyncio.timeout(self._times.retry):
                await self._client.replace(LEASES, self._record | {"spec": spec | self._stamps()})
        except (errors.KubeError, TimeoutError) as error:
            LOG.warning("the Lease could not be released: %s", error)

    def _lead(self) -> None:
        if not self.leading.is_set():
            LOG.info("holding the Lease %s/%s as %s", self._namespace, self._name, self._identity)
            self.leading.set()

    async def _keep(self) -> None:
        while True:
            await self._clock.sleep(self._times.retry)
            if await self._attempt():
                self._lead()
                continue
            if self._holder() not in {"", self._identity}:
                raise LeaseLost(f"Lease {self._namespace}/{self._name}: {self._holder()!r} holds it now")
            silent = self._clock.now() - self._renewed_at
            if silent > self._times.renew and self.leading.is_set():
                LOG.warning(
                    "Lease %s/%s: not renewed for %.0f s; nothing is written until it is",
                    self._namespace,
                    self._name,
                    silent,
                )
                self.leading.clear()

    async def _attempt(self) -> bool:
        """One try to take or renew; whether the Lease is ours now."""
        began = self._clock.now()
        try:
            async with asyncio.timeout(self._times.retry):
                held = await self._take_or_renew()
        except errors.Conflict:
            return False  # somebody was faster; the next try reads what they wrote
        except (errors.KubeError, TimeoutError) as error:
            LOG.warning("Lease %s/%s: %s", self._namespace, self._name, str(error) or "no answer in time")
            return False
        if held:
            self._renewed_at = began
        return held

    async def _take_or_renew(self) -> bool:
        """A holder writes at once; whoever else, or finds that somebody wrote meanwhile, looks first."""
        if self.leading.is_set() and self._holder() == self._identity:
            record, self._record = self._record, {}
            with suppress(errors.Conflict, errors.NotFound):
                renewed = record | {"spec": self._taken(record["spec"])}
                self._see(await self._client.replace(LEASES, renewed))
                return True
        return await self._look_and_take()

    async def _look_and_take(self) -> bool:
        try:
            self._see(await self._client.get(LEASES, self._namespace, self._name))
        except errors.NotFound:
            meta = {"namespace": self._namespace, "name": self._name}
            fresh = {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": meta}
            spec = self._taken({})
            self._see(await self._client.create(LEASES, fresh | {"spec": spec}))
            return True
        if self._holder() != self._identity and not self._stale():
            return False
        spec = self._taken(self._record["spec"])
        self._see(await self._client.replace(LEASES, self._record | {"spec": spec}))
        return True

    def _see(self, record: Json) -> None:
        """Notes a record, and the moment when its spec changed for us."""
        if record.get("spec") != self._record.get("spec"):
            self._changed_at = self._clock.now()
        self._record = record

    def _holder(self) -> str:
        spec: dict[str, Any] = self._record.get("spec") or {}
        return spec.get("holderIdentity") or ""

    def _stale(self) -> bool:
        """Whether nobody holds it, or its holder has not renewed for a whole duration of its own."""
        spec: dict[str, Any] = self._record.get("spec") or {}
        duration = float(spec.get("leaseDurationSeconds") or self._times.duration)
        return not self._holder() or self._clock.now() - self._changed_at > duration

    def _taken(self, spec: Json) -> Json:
        """The spec that says it is ours; transitions count take-overs only."""
        ours = spec.get("holderIdentity") == self._identity
        since = spec.get("acquireTime") if ours else None
        stamps = self._stamps()
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": max(1, round(self._times.duration)),
            "acquireTime": since or stamps["renewTime"],
            "leaseTransitions": (spec.get("leaseTransitions") or 0) + (0 if ours or not spec else 1),
        } | stamps

    def _stamps(self) -> Json:
        """MicroTime, as the API wants it: UTC, six digits, Z."""
        return {"renewTime": self._wall().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
