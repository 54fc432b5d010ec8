"""Pods as decisions see them: ready or not, and what their containers said when they ended."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from slipway_operator.api.names import LABEL_PREDICTOR, LABEL_REVISION, LABEL_TRACK
from slipway_operator.api.types import Json


@dataclass(frozen=True, kw_only=True)
class Said:
    """A termination message of the puller or the server; every part may be missing."""

    reason: str = ""
    message: str = ""
    digest: str = ""
    size_bytes: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container: why it waits, and how it last ended (`ended` is Kubernetes' reason)."""

    name: str
    init: bool
    ready: bool = False
    waiting: str = ""
    waiting_message: str = ""
    ended: str = ""
    exit_code: int = 0
    said: Said = Said()


@dataclass(frozen=True, kw_only=True)
class Pod:
    """One pod of ours. `unready_since` is RFC 3339: when it was last ready, else when it was made."""

    name: str
    deployment: str
    predictor: str
    track: str
    revision: str
    created: str
    ready: bool
    ending: bool
    unready_since: str
    unschedulable: str = ""
    containers: tuple[Container, ...] = ()

    def container(self, name: str) -> Container | None:
        """One container by name, if its status is there yet."""
        return next((container for container in self.containers if container.name == name), None)


def said(text: Any) -> Said:
    """What a termination message says; junk (a traceback, half a JSON) says nothing."""
    try:
        spoken = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return Said()
    if not isinstance(spoken, dict):
        return Said()
    size, seconds = spoken.get("sizeBytes"), spoken.get("seconds")
    return Said(
        reason=_text(spoken.get("reason"), 64),
        message=_text(spoken.get("message"), 1024),
        digest=_text(spoken.get("digest"), 71),
        size_bytes=size
        if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 2**63
        else None,
        seconds=float(seconds) if isinstance(seconds, int | float) and 0 <= seconds < 10**9 else None,
    )


def _text(value: Any, limit: int) -> str:
    """A printable string of bounded length: it goes into conditions and Events."""
    if not isinstance(value, str):
        return ""
    return "".join(letter if letter.isprintable() else " " for letter in value[:limit]).strip()


def pod(slim: Json) -> Pod:
    """A slim pod, read with tolerance: a kubelet reports step by step."""
    meta, status = slim["metadata"], slim.get("status", {})
    labels = meta.get("labels", {})
    conditions = {condition["type"]: condition for condition in status.get("conditions", ())}
    ready, scheduled = conditions.get("Ready", {}), conditions.get("PodScheduled", {})
    blocked = scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable"
    return Pod(
        name=meta["name"],
        deployment=_deployment(meta),
        predictor=labels.get(LABEL_PREDICTOR, ""),
        track=labels.get(LABEL_TRACK, ""),
        revision=labels.get(LABEL_REVISION, ""),
        created=meta.get("creationTimestamp", ""),
        ready=ready.get("status") == "True",
        ending="deletionTimestamp" in meta or status.get("phase") in {"Succeeded", "Failed"},
        unready_since=ready.get("lastTransitionTime") or meta.get("creationTimestamp", ""),
        unschedulable=_text(scheduled.get("message"), 512) or "no node fits" if blocked else "",
        containers=tuple(
            _container(container, init=kind == "initContainerStatuses")
            for kind in ("initContainerStatuses", "containerStatuses")
            for container in status.get(kind, ())
        ),
    )


def _deployment(meta: Json) -> str:
    """The Deployment behind a pod: its ReplicaSet's name without the template's hash."""
    for owner in meta.get("ownerReferences", ()):
        if owner.get("controller") and owner.get("kind") == "ReplicaSet":
            return str(owner["name"]).rpartition("-")[0]
    return ""


def _container(status: Json, *, init: bool) -> Container:
    """A container's status; the last end counts also while it waits for its next start."""
    waiting = status.get("state", {}).get("waiting", {})
    ended = status.get("state", {}).get("terminated") or status.get("lastState", {}).get("terminated") or {}
    return Container(
        name=status.get("name", ""),
        init=init,
        ready=bool(status.get("ready")),
        waiting=waiting.get("reason", ""),
        waiting_message=_text(waiting.get("message"), 512),
        ended=ended.get("reason", ""),
        exit_code=ended.get("exitCode", 0),
        said=said(ended.get("message")),
    )
