"""A whole operator below kopf on an in-memory cluster: look, let the cluster react, look again.

Nothing runs by itself. `look` is one reconcile; `settle` alternates looks with the cluster's own
controllers until both are at rest. Watch events reach the store at once, unless `blind` holds them
back. `reborn` is a new process on the same cluster: it knows what a list shows, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from builders import Builder, modeldeployment
from fake_clock import FakeClock
from fake_kube import FakeKube
from slipway_operator.api.types import Key
from slipway_operator.core.actions import Kind
from slipway_operator.core.decide import Defaults
from slipway_operator.core.slim import slim
from slipway_operator.kube import errors
from slipway_operator.kube.events import Recorder
from slipway_operator.kube.execute import Executor
from slipway_operator.kube.store import Store
from slipway_operator.reconciler import Reconciler
from world import Change, World
from world_controllers import Cluster
from world_fields import Object

KEY = Key("models", "iris")
IMAGE = "slipway-runtime:test"
MAX_LOOKS = 100
READY = {"Ready": ("True", "Serving"), "Available": ("True", "Serving")}
"""The conditions of a model that serves."""


@dataclass
class States:
    """What the gauge would show."""

    shown: dict[Key, str] = field(default_factory=dict)

    def show(self, key: Key, state: str | None) -> None:
        """`key` is in `state`, or gone."""
        self.shown.pop(key, None)
        if state is not None:
            self.shown[key] = state


class Bench:
    """One operator process and its cluster."""

    def __init__(self, world: World | None = None) -> None:
        self.world = world or World()
        self.cluster = Cluster(self.world)
        self.kube = FakeKube(self.world)
        self.store = Store(slim)
        self.states = States()
        self.fenced = False
        self.blind = False
        for kind in Kind:
            for each in self.world.list(kind):
                self.store.put(kind, each)
        self.world.subscribers.append(self._hear)
        clock = FakeClock()
        self.reconciler = Reconciler(
            client=self.kube,
            store=self.store,
            executor=Executor(self.kube, self.store, self._fence),
            recorder=Recorder(self.kube, instance="test", clock=clock, wall=lambda: self.world.now),
            states=self.states,
            defaults=Defaults(runtime_image=IMAGE),
            fence=self._fence,
            wall=lambda: self.world.now,
        )

    def reborn(self) -> Bench:
        """The process is gone; this is the next one."""
        self.world.subscribers.remove(self._hear)
        born = Bench(self.world)
        born.cluster = self.cluster
        return born

    def declare(self, wanted: Builder | None = None) -> Object:
        """`kubectl apply` of a ModelDeployment."""
        return self.world.apply((wanted or modeldeployment()).raw(), "kubectl", force=True)

    async def look(self, key: Key = KEY) -> float | None:
        """One reconcile."""
        return await self.reconciler(key)

    async def try_look(self, key: Key = KEY) -> errors.KubeError | None:
        """One reconcile, whose error is the answer."""
        try:
            await self.look(key)
        except errors.KubeError as error:
            return error
        return None

    async def settle(self, key: Key = KEY) -> None:
        """Looks and lets the cluster react until nothing changes any more."""
        for _ in range(MAX_LOOKS):
            before = self.world.version
            await self.try_look(key)
            self.cluster.settle()
            if self.world.version == before:
                return
            self.world.advance(1)
        raise AssertionError(f"not at rest after {MAX_LOOKS} looks")

    def md(self, key: Key = KEY) -> Object:
        """The ModelDeployment as stored."""
        return self.world.get("ModelDeployment", key.namespace, key.name)

    def conditions(self, key: Key = KEY) -> dict[str, tuple[str, str]]:
        """Status and reason by type."""
        found = self.md(key).get("status", {}).get("conditions", [])
        return {each["type"]: (each["status"], each["reason"]) for each in found}

    def message(self, condition: str, key: Key = KEY) -> str:
        """A condition's message."""
        found = {each["type"]: each["message"] for each in self.md(key)["status"]["conditions"]}
        return str(found[condition])

    def children(self) -> dict[str, Any]:
        """What the operator made, without what differs from run to run: uids, versions, times."""
        return {
            f"{kind} {name}": _essence(obj)
            for (kind, _, name), obj in sorted(self.world.objects.items())
            if kind not in {"Event", "Pod", "EndpointSlice"}
        }

    def events(self) -> list[str]:
        """Reasons of the Events written."""
        return [each["reason"] for each in self.world.list("Event")]

    def _hear(self, change: Change) -> None:
        if self.blind or change.object["kind"] not in set(Kind):
            return
        kind = Kind(change.object["kind"])
        if change.type == "DELETED":
            self.store.remove(kind, change.object)
        else:
            self.store.put(kind, change.object)

    def _fence(self) -> None:
        if self.fenced:
            raise errors.Unavailable("this operator does not hold its Lease")


MOVING = frozenset(
    {
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "managedFields",
        "lastTransitionTime",
        "slipway.dev/step-started-at",
        "slipway.dev/applied",
    }
)


def _essence(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _essence(each) for name, each in value.items() if name not in MOVING}
    if isinstance(value, list):
        return [_essence(each) for each in value]
    return value
