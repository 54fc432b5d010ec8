"""How it stands: the conditions of one look, as an ordered chain of checks; the first that applies decides.

`Reconciling` and `Stalled` exclude each other, and both are absent when all is done. Work that is
under way is Reconciling until its deadline, then Stalled, with what the pods say as the message. A
cause that no retry can cure is Stalled at once. A message holds nothing that changes by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from slipway_operator.api.conditions import Condition, ConditionType, Reason, timestamp
from slipway_operator.core.actions import Ref
from slipway_operator.core.model import digests
from slipway_operator.core.observed import Holder
from slipway_operator.core.rollout.course import patience
from slipway_operator.core.view import View


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Ready or not and why; `progress` is what is under way (or, if `stalled`, stuck), empty when done."""

    ready: bool
    reason: Reason
    message: str
    progress: Reason | None = None
    stalled: bool = False
    detail: str = ""
    """The message of `progress`, where it differs."""


def verdict(view: View, blocked: tuple[Ref, Holder] | None) -> Verdict:
    """The first check that applies."""
    if blocked is not None:
        return name_taken(*blocked)
    for check in CHECKS:
        found = check(view)
        if found is not None:
            return found
    message = _noted(view, f"revision {view.course.desired.name} serves")
    return Verdict(ready=True, reason=Reason.SERVING, message=message)


def name_taken(ref: Ref, holder: Holder) -> Verdict:
    """A name that a child needs is somebody else's."""
    if holder is Holder.STRANGER:
        message = (
            f"{ref} exists and does not belong to this ModelDeployment; it is left as it is: "
            "delete or rename it, or rename this ModelDeployment"
        )
        return _stuck(Reason.NAME_CONFLICT, message)
    whose = (
        "a deleted ModelDeployment of this name"
        if holder is Holder.LEFTOVER
        else "this one, and is being deleted"
    )
    message = f"{ref} still belongs to {whose}; waiting until it is gone"
    return _working(Reason.WAITING_FOR_CLEANUP, message)


def _stuck(reason: Reason, message: str, progress: Reason | None = None) -> Verdict:
    return Verdict(ready=False, reason=reason, message=message, progress=progress or reason, stalled=True)


def _working(reason: Reason, message: str) -> Verdict:
    return Verdict(ready=False, reason=reason, message=message, progress=reason)


def _history_edited(view: View) -> Verdict | None:
    desired = view.course.desired
    if not desired.refused:
        return None
    message = (
        f"ControllerRevision {desired.object_name} holds a pod template that Slipway never made: "
        f"{desired.refused}; delete it to have it made again"
    )
    return _stuck(Reason.NAME_CONFLICT, message)


def _paused(view: View) -> Verdict | None:
    if not view.md.spec.paused:
        return None
    desired = view.course.desired.name
    if view.held_back:
        return _working(Reason.PAUSED, f"spec.paused holds back revision {desired}; what serves stays")
    if view.size > 0 and not (view.course.complete and view.promoted):
        return _working(Reason.PAUSED, f"spec.paused holds the update to revision {desired} where it stands")
    return None


def _aborted(view: View) -> Verdict | None:
    if not view.course.aborted:
        return None
    stays = sorted({pod.revision for pod in view.serving})
    serves = f"revision {' and '.join(stays)} serves on" if stays else "nothing serves"
    message = (
        f"the update to revision {view.course.desired.name} is aborted: {view.course.aborted}; {serves}; "
        "put an earlier spec back, or change it"
    )
    return _stuck(Reason.ABORTED, message)


def _awaiting_promotion(view: View) -> Verdict | None:
    gate, name = view.course.gate, view.course.desired.name
    if gate is None:
        return None
    how = (
        f"set spec.rollout.promote or the annotation slipway.dev/promote to {name}"
        if gate.opens_at is None
        else f"it is promoted at {timestamp(gate.opens_at)}, or when slipway.dev/promote names it"
    )
    message = _noted(view, f"revision {name} is up as a preview: {how}")
    return _working(Reason.AWAITING_PROMOTION, message)


def _noted(view: View, message: str) -> str:
    """A message with what there is to say about a verb that has no effect."""
    return f"{message}; {view.course.note}" if view.course.note else message


def _model_changed(view: View) -> Verdict | None:
    found = digests(view.pods)
    if len(found) <= 1:
        return None
    message = (
        f"pods of revision {view.course.desired.name} pulled different models from one address: "
        f"{' and '.join(found[:2])}; set modelDigest, or restartAt to pull again"
    )
    return _stuck(Reason.MODEL_CHANGED, message)


def _scaled_to_zero(view: View) -> Verdict | None:
    if view.size > 0 or not view.course.complete:
        return None
    gone = view.own is not None and view.own.total == 0
    message = "the spec asks for no pods; scale up to serve"
    return Verdict(
        ready=True, reason=Reason.SCALED_TO_ZERO, message=message, progress=None if gone else Reason.SCALING
    )


def _rolling_out(view: View) -> Verdict | None:
    if view.course.complete and view.promoted:
        return None
    return _under_way(view, Reason.ROLLING_OUT, _progress_message(view))


def _not_serving(view: View) -> Verdict | None:
    if view.serving:
        return None
    return _under_way(view, Reason.NO_READY_PODS, f"no pod of revision {view.course.desired.name} is ready")


def _under_way(view: View, reason: Reason, message: str) -> Verdict:
    """Not ready: for the pods' own cause if there is one, until the deadline or at once for good."""
    cause = view.cause
    if cause is not None:
        reason, message = cause.reason, cause.message
    if cause is not None and cause.permanent:
        return _stuck(reason, message)
    if not view.overdue:
        return _working(reason, message)
    late = f"no progress within {patience(view.md).total_seconds():.0f} s: {message}"
    shown = reason if cause is not None else Reason.PROGRESS_DEADLINE_EXCEEDED
    return _stuck(shown, late, progress=Reason.PROGRESS_DEADLINE_EXCEEDED)


def _progress_message(view: View) -> str:
    name = view.course.desired.name
    if view.own is None:
        return f"starting revision {name}"
    ready = sum(pod.ready for pod in view.pods)
    return _noted(view, f"rolling out revision {name}: {ready} of {view.size} pods ready")


def _scaling(view: View) -> Verdict | None:
    """It serves, but not at the size that the spec asks for, or a pod of it is in trouble."""
    if not view.short and view.cause is None:
        return None
    serves = f"revision {view.course.desired.name} serves"
    cause = view.cause
    reason = Reason.SCALING if cause is None else cause.reason
    detail = f"scaling to {view.size} pods" if cause is None else cause.message
    stalled = view.overdue or (cause is not None and cause.permanent)
    if view.overdue and not (cause is not None and cause.permanent):
        reason = Reason.PROGRESS_DEADLINE_EXCEEDED
    return Verdict(
        ready=True, reason=Reason.SERVING, message=serves, progress=reason, stalled=stalled, detail=detail
    )


CHECKS: Final[tuple[Callable[[View], Verdict | None], ...]] = (
    _history_edited,  # nothing else can be trusted
    _paused,  # on purpose, so no deadline runs
    _aborted,  # on purpose, or for good
    _model_changed,  # pods are up, but not with one model
    _scaled_to_zero,  # nothing is to serve
    _awaiting_promotion,  # the desired revision is up, and it is somebody's turn
    _rolling_out,  # the desired revision is not yet all that serves
    _not_serving,  # it was, but no pod is ready now
    _scaling,  # it serves, but not all of it is there
)


def conditions(view: View, found: Verdict) -> list[Condition]:
    """The verdict and what serves, as conditions."""
    listed = [
        Condition(type=ConditionType.READY, status=found.ready, reason=found.reason, message=found.message),
        _available(view, found),
    ]
    if found.progress is not None:
        kind = ConditionType.STALLED if found.stalled else ConditionType.RECONCILING
        message = found.detail or found.message
        listed.append(Condition(type=kind, status=True, reason=found.progress, message=message))
    return listed


def _available(view: View, found: Verdict) -> Condition:
    if view.serving:
        names = sorted({pod.revision for pod in view.serving})
        told = f"revision {names[0]} serves" if len(names) == 1 else f"revisions {' and '.join(names)} serve"
        return Condition(type=ConditionType.AVAILABLE, status=True, reason=Reason.SERVING, message=told)
    zero = found.reason is Reason.SCALED_TO_ZERO
    return Condition(
        type=ConditionType.AVAILABLE,
        status=False,
        reason=Reason.SCALED_TO_ZERO if zero else Reason.NO_READY_PODS,
        message="the spec asks for no pods" if zero else "no pod is ready",
    )
