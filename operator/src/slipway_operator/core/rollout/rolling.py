"""The rolling strategy: one Deployment that Kubernetes rolls.

What happens, in order: the Deployment gets the target revision's frozen template; Kubernetes starts
new pods and ends old ones within maxSurge and maxUnavailable; when all pods are of the new template
and available, the revision is promoted. The Service selects the track `rolling` of one predictor
all along. Failing new pods never take traffic, the old ones stay.

- Aborted: the target is the stable revision, whose frozen template is put back.
- Paused: the target is what the Deployment holds already, and Kubernetes' own roll is frozen where
  it stands. A set deleted by hand comes back with the stable revision. Nothing new starts.
- The predictor renamed, or another strategy before: make before break. The new set comes up beside
  the incumbent, at its live size; then the Service's selector moves in one write; when its endpoints
  show it, autoscaler and budget follow, and the others may go. Never before: the active Service must
  not select a set without a ready endpoint while another one has some.
- A step has a deadline by our own clock, from the annotation that the apply which starts the step
  writes. Kubernetes' own does not fire when an available Deployment cannot grow.
"""

from __future__ import annotations

from datetime import datetime

from slipway_operator.api.names import ANNOTATION_STEP_STARTED_AT
from slipway_operator.core.objects.deployment import PodSet
from slipway_operator.core.observed import Deployment
from slipway_operator.core.revision import Revision, moment, stable
from slipway_operator.core.rollout.case import Case, Incumbent
from slipway_operator.core.rollout.course import Course, due
from slipway_operator.core.rollout.verbs import aborts, note

ABORT_ASKED = "an abort names it"


def rolling(case: Case) -> Course:
    """Where a rolling update stands and what it needs now."""
    aborted = _aborted(case)
    if aborted and case.incumbent is not None and not case.md.spec.paused:
        return _left(case, case.incumbent)
    target = _target(case, aborted=aborted)
    kept = case.kept()
    held = case.incumbent
    if target is None:
        active = case.track if held is None else held.track
        return Course(desired=case.desired, target=None, sets=kept, active=active, scaled=case.carrier())
    own, complete = case.own, case.only(target)
    takes_over = complete and own is not None and own.complete and own.size >= case.full_size
    active = case.track if held is None or takes_over else held.track
    switched = active == case.track == case.selected
    reached = switched and (_empty(own) or case.reached(case.md.key.name))
    live = complete and reached and own is not None and own.complete and not _empty(own)
    pods = _own_set(case, target)
    settled = case.is_stable(target) or (complete and pods.size == 0)
    return Course(
        desired=case.desired,
        target=target,
        own=case.name,
        sets=(*kept, pods),
        active=active,
        scaled=_scaled(case, reached=reached),
        removable=() if case.md.spec.paused or not reached else _unnamed(case),
        complete=complete and active == case.track,
        promoted=live and not case.is_stable(target),
        deadline=None if case.md.spec.paused or live or settled else due(case.md, pods.step_started_at),
        aborted=aborted,
        note=note(case, abortable=bool(aborted)),
    )


def _aborted(case: Case) -> str:
    """Why the desired revision is not to be gone on with; what was fully live cannot be aborted."""
    if not aborts(case.md, case.desired.name) or case.is_stable(case.desired):
        return ""
    last = stable(case.revisions)
    back = last is not None and (case.incumbent is not None or last.predictor == case.track.predictor)
    return ABORT_ASKED if back else ""


def _left(case: Case, held: Incumbent) -> Course:
    """Aborted beside an incumbent: it stays, what was to replace it goes."""
    own = [case.own] if case.own is not None and case.track not in case.named else []
    return Course(
        desired=case.desired,
        target=held.revision,
        own=held.deployment.ref.name if held.deployment is not None else "",
        sets=case.kept(),
        active=held.track,
        scaled=case.carrier(),
        removable=tuple(own),
        complete=True,
        aborted=ABORT_ASKED,
    )


def _own_set(case: Case, target: Revision) -> PodSet:
    own = case.own
    return PodSet(
        name=case.name,
        predictor=case.track.predictor,
        track=case.track.track,
        revision=target,
        size=case.full_size,
        wanted=None if case.incumbent is None else case.full_size,
        paused=case.md.spec.paused and own is not None and case.mixed(own, target),
        step_started_at=_step_started(case, target),
    )


def _target(case: Case, *, aborted: str) -> Revision | None:
    """What may be started: the desired revision; aborted the stable one; paused what was there already."""
    own, last = case.own, stable(case.revisions)
    if not case.md.spec.paused:
        return last if aborted else case.desired
    if own is None:
        return last if last is not None and last.predictor == case.track.predictor else None
    return case.revision_in(own)


def _step_started(case: Case, target: Revision) -> datetime | None:
    """When the current step began: now, unless the last complete apply was about this revision.

    A step that was frozen by `paused` begins anew. None where there is none.
    """
    own = case.own
    if case.resting(target):
        return None
    if own is None or own.step_revision != target.name or (own.paused and not case.md.spec.paused):
        return case.now
    return moment(own.annotations.get(ANNOTATION_STEP_STARTED_AT, ""), default=case.now)


def _scaled(case: Case, *, reached: bool) -> str:
    """Who autoscaler and budget belong to: the incumbent, until the endpoints show that it has been left."""
    if case.incumbent is not None:
        return case.carrier() if case.selected != case.track else ""
    return case.name if reached or not case.others else ""


def _unnamed(case: Case) -> tuple[Deployment, ...]:
    """Other sets that no Service of ours selects."""
    return tuple(one for track, one in case.others.items() if track not in case.named)


def _empty(own: Deployment | None) -> bool:
    return own is not None and own.size == 0
