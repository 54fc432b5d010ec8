"""What is there: the children of one ModelDeployment as typed, frozen records.

Ours is what a controller reference with our uid says so, or, where somebody removed the reference,
our annotation with that uid. Whatever else carries our labels and holds a name is `taken`: a
stranger's, or left over from a ModelDeployment of the same name, or on its way out. Pods and
EndpointSlices are found through the Deployment and the Service that they belong to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from slipway_operator.api.names import (
    ANNOTATION_OWNER,
    ANNOTATION_RETIRED_AT,
    ANNOTATION_STAGE,
    FIELD_MANAGER,
    KIND,
    LABEL_PREDICTOR,
    LABEL_REVISION,
    LABEL_TRACK,
)
from slipway_operator.api.types import Json, Key
from slipway_operator.core.actions import Kind, Ref
from slipway_operator.core.fields import FieldPath
from slipway_operator.core.pods import Pod, pod
from slipway_operator.core.slim import slim

__all__ = [
    "Child",
    "Deployment",
    "Endpoints",
    "Holder",
    "Observed",
    "Owner",
    "ReplicaFailure",
    "observe",
    "slim",
]


class Owner(Protocol):
    """Whose children are looked at."""

    @property
    def key(self) -> Key:
        """Namespace and name."""
        ...

    @property
    def uid(self) -> str:
        """The uid that its children's references name."""
        ...


class Holder(StrEnum):
    """Who holds a name that we want."""

    STRANGER = "stranger"
    LEFTOVER = "leftover"
    """A child of a deleted ModelDeployment of the same name."""
    ENDING = "ending"
    """Our own child, being deleted."""


@dataclass(frozen=True, kw_only=True)
class Child:
    """One child of ours, with its slim object."""

    ref: Ref
    uid: str
    resource_version: str
    annotations: Mapping[str, str]
    object: Json


@dataclass(frozen=True, kw_only=True)
class ReplicaFailure:
    """Why Kubernetes cannot create pods of a Deployment, and since when (RFC 3339)."""

    reason: str
    message: str
    since: str


@dataclass(frozen=True, kw_only=True)
class Deployment(Child):
    """A Deployment: one set of pods.

    `revision` is what its template holds; `step_revision` what the last complete apply of ours
    was about (the label on the Deployment itself). `size` is `spec.replicas`.
    """

    predictor: str
    track: str
    revision: str
    step_revision: str
    size: int
    paused: bool
    current: bool
    """Whether the Deployment controller has seen the latest spec: only then do the counts say anything."""
    total: int
    updated: int
    ready: int
    available: int
    failure: ReplicaFailure | None
    replicas_owners: Sequence[str]
    foreign: Sequence[FieldPath]
    repaired: Sequence[FieldPath]

    @property
    def template(self) -> Json:
        """The pod template as it is on the server."""
        template: Json = self.object["spec"]["template"]
        return template

    @property
    def stage(self) -> str:
        """How far it has come in a blue-green update; empty for a set of another strategy."""
        return self.annotations.get(ANNOTATION_STAGE, "")

    @property
    def retired_at(self) -> str:
        """When another set took its place (RFC 3339); empty while none has."""
        return self.annotations.get(ANNOTATION_RETIRED_AT, "")

    @property
    def complete(self) -> bool:
        """Whether all pods are of this template, available, and as many as asked for."""
        return self.current and self.updated == self.available == self.total == self.size

    @property
    def sized_by_us_alone(self) -> bool:
        """Whether leaving `replicas` out of an apply would reset it to 1."""
        return list(self.replicas_owners) == [FIELD_MANAGER]


@dataclass(frozen=True)
class Endpoints:
    """The addresses behind a Service: names of the pods that are ready and not on their way out."""

    ready: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Observed:
    """Everything that is there, by object name."""

    deployments: Mapping[str, Deployment] = field(default_factory=dict)
    services: Mapping[str, Child] = field(default_factory=dict)
    autoscalers: Mapping[str, Child] = field(default_factory=dict)
    disruption_budgets: Mapping[str, Child] = field(default_factory=dict)
    controller_revisions: Mapping[str, Child] = field(default_factory=dict)
    pods: Sequence[Pod] = ()
    endpoints: Mapping[str, Endpoints] = field(default_factory=dict)
    taken: Mapping[Ref, Holder] = field(default_factory=dict)

    def pods_of(self, deployment: str) -> list[Pod]:
        """The pods of one Deployment that are not on their way out."""
        return [pod for pod in self.pods if pod.deployment == deployment and not pod.ending]


def observe(owner: Owner, children: Mapping[Kind, Sequence[Json]]) -> Observed:
    """The records of slim `children`, by kind; what is not ours is only `taken`."""
    ours: dict[Kind, list[Json]] = {}
    taken: dict[Ref, Holder] = {}
    for kind, objects in children.items():
        if kind in {Kind.POD, Kind.ENDPOINT_SLICE}:
            continue
        for obj in objects:
            holder = _holder(owner, obj)
            if holder is None:
                ours.setdefault(kind, []).append(obj)
            else:
                taken[Ref(kind, owner.key.namespace, obj["metadata"]["name"])] = holder
    deployments = [_deployment(owner, obj) for obj in ours.get(Kind.DEPLOYMENT, ())]
    services = _named(owner, Kind.SERVICE, ours)
    return Observed(
        deployments={deployment.ref.name: deployment for deployment in deployments},
        services=services,
        autoscalers=_named(owner, Kind.HORIZONTAL_POD_AUTOSCALER, ours),
        disruption_budgets=_named(owner, Kind.POD_DISRUPTION_BUDGET, ours),
        controller_revisions=_named(owner, Kind.CONTROLLER_REVISION, ours),
        pods=_pods(children.get(Kind.POD, ()), {deployment.ref.name for deployment in deployments}),
        endpoints=_endpoints(children.get(Kind.ENDPOINT_SLICE, ()), services),
        taken=taken,
    )


def _holder(owner: Owner, obj: Json) -> Holder | None:
    """None for our own child; else who has it."""
    meta = obj["metadata"]
    controller: Json = next((ref for ref in meta.get("ownerReferences", ()) if ref.get("controller")), {})
    if not controller and meta.get("annotations", {}).get(ANNOTATION_OWNER) == owner.uid:
        controller = {"uid": owner.uid}
    if controller.get("uid") == owner.uid:
        return Holder.ENDING if "deletionTimestamp" in meta else None
    if controller.get("kind") == KIND and controller.get("name") == owner.key.name:
        return Holder.LEFTOVER
    return Holder.STRANGER


def _child_fields(owner: Owner, kind: Kind, obj: Json) -> dict[str, Any]:
    meta = obj["metadata"]
    return {
        "ref": Ref(kind, owner.key.namespace, meta["name"]),
        "uid": meta["uid"],
        "resource_version": meta["resourceVersion"],
        "annotations": meta.get("annotations", {}),
        "object": obj,
    }


def _named(owner: Owner, kind: Kind, ours: Mapping[Kind, Iterable[Json]]) -> dict[str, Child]:
    return {obj["metadata"]["name"]: Child(**_child_fields(owner, kind, obj)) for obj in ours.get(kind, ())}


def _deployment(owner: Owner, obj: Json) -> Deployment:
    meta, spec, status, facts = obj["metadata"], obj["spec"], obj.get("status", {}), obj.get("facts", {})
    selected = spec["selector"].get("matchLabels", {})
    return Deployment(
        **_child_fields(owner, Kind.DEPLOYMENT, obj),
        predictor=selected.get(LABEL_PREDICTOR, ""),
        track=selected.get(LABEL_TRACK, ""),
        revision=spec["template"]["metadata"].get("labels", {}).get(LABEL_REVISION, ""),
        step_revision=meta.get("labels", {}).get(LABEL_REVISION, ""),
        size=spec.get("replicas", 1),
        paused=bool(spec.get("paused")),
        current=status.get("observedGeneration", 0) >= meta.get("generation", 0),
        total=status.get("replicas", 0),
        updated=status.get("updatedReplicas", 0),
        ready=status.get("readyReplicas", 0),
        available=status.get("availableReplicas", 0),
        failure=_failure(status),
        replicas_owners=tuple(facts.get("replicasOwners", ())),
        foreign=tuple(tuple(path) for path in facts.get("foreign", ())),
        repaired=tuple(tuple(path) for path in facts.get("repaired", ())),
    )


def _failure(status: Json) -> ReplicaFailure | None:
    for condition in status.get("conditions", ()):
        if condition["type"] == "ReplicaFailure" and condition.get("status") == "True":
            return ReplicaFailure(
                reason=condition.get("reason", ""),
                message=condition.get("message", ""),
                since=condition.get("lastTransitionTime", ""),
            )
    return None


def _pods(objects: Iterable[Json], deployments: set[str]) -> tuple[Pod, ...]:
    """Pods of our Deployments, oldest first; whoever merely carries our labels is not one."""
    pods = [found for found in map(pod, objects) if found.deployment in deployments]
    return tuple(sorted(pods, key=lambda found: (found.created, found.name)))


def _endpoints(slices: Iterable[Json], services: Mapping[str, Child]) -> dict[str, Endpoints]:
    """Ready addresses by Service; a slice belongs to the Service that its reference names."""
    by_uid = {service.uid: name for name, service in services.items()}
    ready: dict[str, set[str]] = {name: set() for name in services}
    for one in slices:
        owners = [ref.get("uid") for ref in one["metadata"].get("ownerReferences", ())]
        for name in (by_uid[uid] for uid in owners if uid in by_uid):
            ready[name].update(
                endpoint["targetRef"].get("name", "")
                for endpoint in one.get("endpoints", ())
                if endpoint["conditions"].get("ready") and not endpoint["conditions"].get("terminating")
            )
    return {name: Endpoints(frozenset(pods)) for name, pods in ready.items()}
