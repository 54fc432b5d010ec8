"""The words of the status: condition types, reasons, and how conditions replace each other.

| condition | True means |
|---|---|
| `Ready` | what the spec asks for is what serves, all of it |
| `Available` | some revision serves |
| `Reconciling` | work is under way; absent when there is none |
| `Stalled` | a person is needed; absent otherwise, and never together with `Reconciling` |

Tools that wait (kstatus, Helm, Flux, Argo CD) read exactly this. Reasons are API: one word, stable,
few, documented on the resource's page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from slipway_operator.api.types import Json

MAX_MESSAGE: Final = 2048


class ConditionType(StrEnum):
    """In the order in which they stand in the status."""

    READY = "Ready"
    AVAILABLE = "Available"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"


class Reason(StrEnum):
    """Why a condition is as it is."""

    SERVING = "Serving"
    """All is well."""
    ROLLING_OUT = "RollingOut"
    """A revision is on its way to being all that serves."""
    AWAITING_PROMOTION = "AwaitingPromotion"
    """A revision is up as a preview and waits to be promoted."""
    ABORTED = "Aborted"
    """An update was given up; what served before serves on."""
    SCALING = "Scaling"
    """The revision serves; the size that the spec asks for is not there yet."""
    PAUSED = "Paused"
    """`spec.paused` holds back what the spec asks for."""
    SCALED_TO_ZERO = "ScaledToZero"
    """The spec asks for no pods."""
    NO_READY_PODS = "NoReadyPods"
    """Nothing serves."""
    MODEL_PULL_FAILED = "ModelPullFailed"
    MODEL_LOAD_FAILED = "ModelLoadFailed"
    MODEL_CHANGED = "ModelChanged"
    """Pods of one revision pulled different bytes."""
    IMAGE_PULL_FAILED = "ImagePullFailed"
    UNSCHEDULABLE = "Unschedulable"
    OUT_OF_MEMORY = "OutOfMemory"
    CRASHING = "Crashing"
    """A container ends again and again without saying why."""
    PODS_FORBIDDEN = "PodsForbidden"
    """A policy of the namespace refuses the pods."""
    QUOTA_EXCEEDED = "QuotaExceeded"
    PROGRESS_DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"
    NAME_CONFLICT = "NameConflict"
    """A name that a child needs is taken; what has it is left as it is."""
    WAITING_FOR_CLEANUP = "WaitingForCleanup"
    """A name that a child needs is about to become free."""
    INVALID_SPEC = "InvalidSpec"
    WRITE_REFUSED = "WriteRefused"
    """The API server refuses a child: rights, admission or validation."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One condition that is to be reported."""

    type: ConditionType
    status: bool
    reason: Reason
    message: str


def timestamp(moment: datetime) -> str:
    """A condition's time: whole seconds in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def merged(
    previous: Iterable[Json], wanted: Sequence[Condition], generation: int, now: datetime
) -> list[dict[str, Any]]:
    """The conditions as JSON: what is not wanted any more is gone, and a time moves only with its status."""
    known = {condition.get("type"): condition for condition in previous}
    order = list(ConditionType)
    return [
        {
            "type": str(condition.type),
            "status": _status(condition),
            "observedGeneration": generation,
            "lastTransitionTime": _since(known.get(str(condition.type)), _status(condition), now),
            "reason": str(condition.reason),
            "message": cut(condition.message),
        }
        for condition in sorted(wanted, key=lambda one: order.index(one.type))
    ]


def cut(message: str) -> str:
    """A message of bounded length."""
    return message if len(message) <= MAX_MESSAGE else f"{message[: MAX_MESSAGE - 3]}..."


def _status(condition: Condition) -> str:
    return "True" if condition.status else "False"


def _since(known: Json | None, status: str, now: datetime) -> str:
    if known is not None and known.get("status") == status and known.get("lastTransitionTime"):
        return str(known["lastTransitionTime"])
    return timestamp(now)
