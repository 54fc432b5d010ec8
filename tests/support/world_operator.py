"""An operator in miniature: the pure core on top of a `World`, synchronous, one look at a time.

It does what the shell does (look, decide, write in order up to the first failure, write the status
if it differs) and nothing else, so that whole workflows can be replayed and interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from builders import md_of
from slipway_operator.api.names import FIELD_MANAGER_STATUS, LABEL_MODELDEPLOYMENT
from slipway_operator.api.types import ModelDeployment
from slipway_operator.core.actions import (
    Annotate,
    Create,
    Delete,
    Emit,
    Kind,
    Ref,
    Replace,
    SetReplicas,
    Update,
    Write,
)
from slipway_operator.core.decide import Decision, Defaults, decide
from slipway_operator.core.observed import Observed, observe, slim
from world import API_VERSIONS, ApiError
from world_fields import Object


class Killed(Exception):  # noqa: N818 -- not an error: the process is gone
    """The operator died at a write."""


class Server(Protocol):
    """What an operator needs of an API server; a `World` is one."""

    now: datetime

    def find(self, kind: str, namespace: str, name: str) -> Object | None:
        """One object, or None."""
        ...

    def get(self, kind: str, namespace: str, name: str) -> Object:
        """One object."""
        ...

    def peek(self, kind: str, namespace: str | None, labels: Mapping[str, str] | None) -> list[Object]:
        """All objects of a kind with these labels, not to be changed."""
        ...

    def apply(self, manifest: Object, manager: str, *, force: bool = False, subresource: str = "") -> Object:
        """Server-side apply."""
        ...

    def json_patch(
        self, kind: str, namespace: str, name: str, patch: Sequence[Object], *, manager: str
    ) -> Object:
        """JSON patch."""
        ...

    def delete(self, kind: str, namespace: str, name: str, *, uid: str | None = None) -> None:
        """Delete at once."""
        ...


@dataclass
class MiniOperator:
    """Looks at one ModelDeployment. `before` and `after` are called around each write, for killing it."""

    world: Server
    namespace: str = "models"
    name: str = "iris"
    image: str = "slipway-runtime:1"
    before: Callable[[Write | None], None] = lambda _: None
    after: Callable[[Write | None], None] = lambda _: None
    writes: list[Write] = field(default_factory=list)
    events: list[Emit] = field(default_factory=list)
    status_writes: int = 0

    def modeldeployment(self) -> ModelDeployment:
        """The object as read live."""
        return md_of(self.world.get("ModelDeployment", self.namespace, self.name))

    def observed(self) -> Observed:
        """Its children as a store would hold them."""
        labels = {LABEL_MODELDEPLOYMENT: self.name}
        children = {
            kind: [slim(obj) for obj in self.world.peek(str(kind), self.namespace, labels)] for kind in Kind
        }
        return observe(self.modeldeployment(), children)

    def decision(self) -> Decision:
        """What it would do now."""
        return decide(
            self.modeldeployment(), self.observed(), Defaults(runtime_image=self.image), self.world.now
        )

    def look(self) -> int:
        """One look, carried out: answers how many writes it sent, the status included."""
        if self.world.find("ModelDeployment", self.namespace, self.name) is None:
            return 0
        decision = self.decision()
        for write in decision.writes:
            self.before(write)
            self.write(write)
            self.writes.append(write)
            self.after(write)
        self.events.extend(decision.events)
        return len(decision.writes) + self.report(decision.status)

    def report(self, status: dict[str, Any]) -> int:
        """Write the status if it differs."""
        md = self.world.get("ModelDeployment", self.namespace, self.name)
        if md.get("status") == status:
            return 0
        self.before(None)
        meta = {"name": self.name, "namespace": self.namespace, "uid": md["metadata"]["uid"]}
        manifest = {"apiVersion": md["apiVersion"], "kind": md["kind"], "metadata": meta, "status": status}
        self.world.apply(manifest, FIELD_MANAGER_STATUS, force=True, subresource="status")
        self.status_writes += 1
        self.after(None)
        return 1

    def write(self, write: Write) -> None:
        """One write, as the shell's executor sends it."""
        ref = write.ref
        match write:
            case Create():
                if self.world.find(str(ref.kind), ref.namespace, ref.name) is not None:
                    raise ApiError(409, "AlreadyExists", str(ref))
                self.world.apply(write.manifest, write.manager)
            case Update():
                meta = write.manifest["metadata"] | {"uid": write.uid}
                self.world.apply({**write.manifest, "metadata": meta}, write.manager, force=True)
            case SetReplicas():
                bare = _bare(ref, uid=write.uid, resourceVersion=write.resource_version)
                self.world.apply({**bare, "spec": {"replicas": write.replicas}}, write.manager, force=True)
            case Annotate():
                marks = {"annotations": write.annotations} if write.annotations else {}
                bare = _bare(ref, uid=write.uid, **marks)
                self.world.apply(bare, write.manager, force=True)
            case Replace():
                patch: list[Object] = [
                    {"op": "replace", "path": "/metadata/uid", "value": write.uid},
                    {"op": "replace", "path": "/metadata/resourceVersion", "value": write.resource_version},
                    {"op": "replace", "path": write.path, "value": write.value},
                ]
                self.world.json_patch(str(ref.kind), ref.namespace, ref.name, patch, manager=write.manager)
            case Delete():
                self.world.delete(str(ref.kind), ref.namespace, ref.name, uid=write.uid)


def _bare(ref: Ref, **meta: Any) -> Object:
    kind = str(ref.kind)
    named = {"name": ref.name, "namespace": ref.namespace}
    return {"apiVersion": API_VERSIONS[kind], "kind": kind, "metadata": named | meta}
