"""Writes as values: what `plan` orders and `kube.execute` carries out, one by one.

The executor stops at the first error; each prefix of a plan is safe to stop at, and planning
again from the new observation goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from slipway_operator.api.names import (
    FIELD_MANAGER,
    FIELD_MANAGER_MARKS,
    FIELD_MANAGER_REPAIR,
    FIELD_MANAGER_REPLICAS,
)

Manifest = dict[str, Any]


class Kind(StrEnum):
    """The kinds of children that Slipway reads; the first five are also written."""

    DEPLOYMENT = "Deployment"
    SERVICE = "Service"
    HORIZONTAL_POD_AUTOSCALER = "HorizontalPodAutoscaler"
    POD_DISRUPTION_BUDGET = "PodDisruptionBudget"
    CONTROLLER_REVISION = "ControllerRevision"
    POD = "Pod"
    ENDPOINT_SLICE = "EndpointSlice"


@dataclass(frozen=True)
class Ref:
    """One object of ours by kind, namespace and name."""

    kind: Kind
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, kw_only=True)
class Create:
    """Server-side apply, unforced, of an object that should not exist yet.

    The executor first looks live: an object of that name which `owner_uid` does not control is
    left byte-identical and raises `NameConflict` (or `WaitingForCleanup`, if it belongs to a
    vanished ModelDeployment of the same name).
    """

    ref: Ref
    manifest: Manifest
    owner_uid: str
    manager: str = FIELD_MANAGER


@dataclass(frozen=True, kw_only=True)
class Update:
    """Server-side apply, forced, of an object we control.

    `uid` goes along, so a stranger that took the name meanwhile answers 409 and is not overwritten.
    """

    ref: Ref
    manifest: Manifest
    uid: str
    manager: str = FIELD_MANAGER


@dataclass(frozen=True, kw_only=True)
class SetReplicas:
    """Server-side apply of nothing but `spec.replicas`, by a field manager of its own.

    With `resource_version` it is forced, and a writer in between answers 409.
    """

    ref: Ref
    replicas: int
    uid: str
    resource_version: str
    manager: str = FIELD_MANAGER_REPLICAS


@dataclass(frozen=True, kw_only=True)
class Replace:
    """Puts a part of an object back to ours, what somebody added in it included.

    Server-side apply cannot remove what another manager owns: a field of a Deployment's pod template, a
    port of a Service. This replaces the whole of `path` (of a JSON patch), guarded by `uid` and
    `resource_version`.
    """

    ref: Ref
    path: str
    value: object
    uid: str
    resource_version: str
    manager: str = FIELD_MANAGER_REPAIR


@dataclass(frozen=True, kw_only=True)
class Annotate:
    """Server-side apply of annotations alone, by a field manager of its own (roles' marks)."""

    ref: Ref
    annotations: dict[str, str]
    uid: str
    manager: str = FIELD_MANAGER_MARKS


@dataclass(frozen=True, kw_only=True)
class Delete:
    """Background deletion with a UID precondition."""

    ref: Ref
    uid: str


@dataclass(frozen=True, kw_only=True)
class Emit:
    """A Kubernetes Event on the ModelDeployment; `type` is Normal or Warning."""

    type: str
    reason: str
    message: str


Write = Create | Update | SetReplicas | Replace | Annotate | Delete
Action = Write | Emit
