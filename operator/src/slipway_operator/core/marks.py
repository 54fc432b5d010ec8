"""The marks of a role: annotations that outlive every apply of the object they are on.

On a ControllerRevision: *promoted* (a number that grows: the highest is stable) and *aborted* (its
update was given up; forgotten when another revision is asked for). On a Deployment: *retired-at*.
One field manager of its own has them all, and each write carries all that an object is to have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from slipway_operator.api.names import ANNOTATION_ABORTED, ANNOTATION_PROMOTED, ANNOTATION_RETIRED_AT
from slipway_operator.core.actions import Annotate, Emit
from slipway_operator.core.ensure import Step
from slipway_operator.core.history import next_promotion
from slipway_operator.core.observed import Child, Observed
from slipway_operator.core.revision import Revision, rfc3339
from slipway_operator.core.rollout.course import Course


def _annotate(live: Child, marks: dict[str, str]) -> Annotate:
    return Annotate(ref=live.ref, annotations=marks, uid=live.uid)


def _kept(revision: Revision) -> dict[str, str]:
    return {ANNOTATION_PROMOTED: str(revision.promoted)} if revision.promoted else {}


def given_up(observed: Observed, course: Course) -> Iterator[Step]:
    """The desired revision's update has just been given up."""
    revision = course.desired
    live = observed.controller_revisions.get(revision.object_name)
    if course.given_up and not revision.aborted and live is not None:
        message = f"Gave up the update to revision {revision.name}: {course.aborted}"
        aborted = Emit(type="Warning", reason="Aborted", message=message)
        yield Step(_annotate(live, _kept(revision) | {ANNOTATION_ABORTED: "deadline"}), aborted)


def forgiven(observed: Observed, course: Course, revisions: Sequence[Revision]) -> Iterator[Step]:
    """Revisions that were given up and may be tried again when they are next asked for."""
    for revision in revisions:
        live = observed.controller_revisions.get(revision.object_name)
        still = course.given_up and revision.name == course.desired.name
        promoting = course.promoted and revision is course.target
        if live is not None and revision.aborted and not still and not promoting:
            yield Step(_annotate(live, _kept(revision)))


def promoted(observed: Observed, course: Course, revisions: Sequence[Revision]) -> Iterator[Step]:
    """The target has just become fully live."""
    target = course.target
    if target is None or not course.promoted:
        return
    live = observed.controller_revisions.get(target.object_name)
    if live is not None:
        said = Emit(type="Normal", reason="Promoted", message=f"Revision {target.name} serves")
        yield Step(_annotate(live, {ANNOTATION_PROMOTED: str(next_promotion(revisions))}), said)


def retired(course: Course, now: datetime) -> Iterator[Step]:
    """Sets that have just lost the traffic."""
    for one in course.retiring:
        message = f"Retired {one.ref.name} (revision {one.revision}): ready to go back to for a while"
        said = Emit(type="Normal", reason="Retired", message=message)
        yield Step(_annotate(one, {ANNOTATION_RETIRED_AT: rfc3339(now)}), said, last=True)


def returned(observed: Observed, course: Course) -> Iterator[Step]:
    """Sets that are wanted again."""
    for pods in course.sets:
        live = observed.deployments.get(pods.name)
        if live is not None and live.retired_at:
            yield Step(_annotate(live, {}), last=True)
