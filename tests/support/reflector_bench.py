"""A running reflector of Services, and what it says and wakes."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from slipway_operator.api.types import Key
from slipway_operator.core.actions import Kind
from slipway_operator.kube.client import Client
from slipway_operator.kube.clock import Clock
from slipway_operator.kube.reflector import Reflector
from slipway_operator.kube.store import Store

IRIS = Key("models", "iris")


@dataclass
class Seen:
    """Counts what a reflector reports, and whom it wakes."""

    lists: int = 0
    failures: list[str] = field(default_factory=list)
    woken: list[Key] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    def listed(self, kind: str) -> None:
        """A list is complete."""
        del kind
        self.lists += 1
        self.heard.set()

    def failed(self, kind: str, error: str) -> None:
        """A list or watch ended with an error."""
        del kind
        self.failures.append(error)
        self.heard.set()

    def wake(self, key: Key) -> None:
        """Somebody has to look."""
        self.woken.append(key)
        self.heard.set()


class Bench:
    """A running reflector of Services, with all it touches."""

    def __init__(
        self, client: Client, clock: Clock, namespace: str | None = None, watch_seconds: int = 25
    ) -> None:
        self.seen = Seen()
        self.store = Store(lambda raw: raw)
        self.reflector = Reflector(
            Kind.SERVICE,
            namespace,
            client=client,
            store=self.store,
            wake=self.seen.wake,
            clock=clock,
            observer=self.seen,
            watch_seconds=(watch_seconds, watch_seconds),
        )
        self.task = asyncio.create_task(self.reflector.run())

    def names(self, key: Key = IRIS) -> list[str]:
        """What the store has."""
        return [each["metadata"]["name"] for each in self.store.children(key)[Kind.SERVICE]]

    async def until(self, names: list[str]) -> None:
        """Returns when the store has exactly these."""
        async with asyncio.timeout(10):
            while self.names() != names:
                self.seen.heard.clear()
                await self.seen.heard.wait()

    async def stop(self) -> None:
        """Ends it."""
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


def service(name: str, *, version: int | None = None) -> dict[str, Any]:
    """A child Service."""
    marks = {"app.kubernetes.io/managed-by": "slipway", "slipway.dev/modeldeployment": "iris"}
    meta: dict[str, Any] = {"namespace": "models", "name": name, "labels": marks}
    known = {"uid": f"uid-{name}", "resourceVersion": str(version)} if version else {}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta | known, "spec": {}}
