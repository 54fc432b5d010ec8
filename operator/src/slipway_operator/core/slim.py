"""What the store keeps of one child: what a decision reads, and nothing else.

Memory is why: a pod or a Deployment is mostly managedFields and a spec that nobody looks at.
managedFields are turned into a few facts first (`fields`). Slimming twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from slipway_operator.api.types import Json
from slipway_operator.core.fields import owners_of_replicas, strays

_METADATA: Final = (
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "labels",
    "ownerReferences",
    "creationTimestamp",
    "deletionTimestamp",
)
_NOTES_UNREAD: Final = frozenset({"Pod", "EndpointSlice"})
"""Kinds whose annotations nobody reads; some of them move all the time."""
_COUNTS: Final = ("observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
_MAX_TERMINATION_MESSAGE: Final = 4096


def _pick(source: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """The named fields that are there and not null."""
    found = source if isinstance(source, Mapping) else {}
    return {name: found[name] for name in names if found.get(name) is not None}


def _list(source: Any, name: str) -> list[Any]:
    found = source.get(name) if isinstance(source, Mapping) else None
    return found if isinstance(found, list) else []


def _deployment(raw: Json) -> dict[str, Any]:
    status = raw.get("status") or {}
    failures = [
        _pick(condition, ("type", "status", "reason", "message", "lastTransitionTime"))
        for condition in _list(status, "conditions")
        if condition.get("type") == "ReplicaFailure"
    ]
    return {
        "spec": raw.get("spec") or {},
        "status": _pick(status, _COUNTS) | ({"conditions": failures} if failures else {}),
        "facts": raw.get("facts") or _facts(raw),
    }


def _facts(raw: Json) -> dict[str, Any]:
    managed = _list(raw.get("metadata"), "managedFields")
    found = strays(managed)
    return {"replicasOwners": owners_of_replicas(managed)} | {k: v for k, v in found.items() if v}


def _state(state: Any) -> dict[str, Any]:
    """A container's state; a termination message beyond the limit is junk anyway."""
    slim: dict[str, Any] = {}
    for name, fields in (
        ("waiting", ("reason", "message")),
        ("terminated", ("reason", "message", "exitCode")),
    ):
        if isinstance(state, Mapping) and state.get(name):
            slim[name] = _pick(state[name], fields)
            if "message" in slim[name]:
                slim[name]["message"] = str(slim[name]["message"])[:_MAX_TERMINATION_MESSAGE]
    return slim


def _container(status: Json) -> dict[str, Any]:
    slim = _pick(status, ("name", "ready", "restartCount"))
    return slim | {"state": _state(status.get("state")), "lastState": _state(status.get("lastState"))}


def _pod(raw: Json) -> dict[str, Any]:
    status = raw.get("status") or {}
    conditions = [
        _pick(condition, ("type", "status", "reason", "message", "lastTransitionTime"))
        for condition in _list(status, "conditions")
        if condition.get("type") in {"Ready", "PodScheduled"}
    ]
    slim = _pick(status, ("phase", "reason", "message")) | {"conditions": conditions}
    for name in ("initContainerStatuses", "containerStatuses"):
        slim[name] = [_container(container) for container in _list(status, name)]
    return {"status": slim}


def _endpoint_slice(raw: Json) -> dict[str, Any]:
    return {
        "endpoints": [
            {
                "conditions": _pick(endpoint.get("conditions"), ("ready", "terminating")),
                "targetRef": _pick(endpoint.get("targetRef"), ("kind", "name")),
            }
            for endpoint in _list(raw, "endpoints")
        ]
    }


def _revision(raw: Json) -> dict[str, Any]:
    return _pick(raw, ("data", "revision"))


def _spec(raw: Json) -> dict[str, Any]:
    return _pick(raw, ("spec",))


_BY_KIND: Final[dict[str, Callable[[Json], dict[str, Any]]]] = {
    "Deployment": _deployment,
    "ControllerRevision": _revision,
    "Service": _spec,
    "HorizontalPodAutoscaler": _spec,
    "PodDisruptionBudget": _spec,
    "Pod": _pod,
    "EndpointSlice": _endpoint_slice,
}


def slim(raw: Json) -> dict[str, Any]:
    """What decisions read of one child; `raw` names its kind."""
    kind = raw.get("kind", "")
    read = _METADATA if kind in _NOTES_UNREAD else (*_METADATA, "annotations")
    metadata = _pick(raw.get("metadata"), read)
    return {"kind": kind, "metadata": metadata} | _BY_KIND.get(kind, _spec)(raw)
