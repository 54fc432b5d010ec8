"""The rolling strategy: one Deployment that Kubernetes rolls.

What happens, in order: the Deployment gets the target revision's frozen template; Kubernetes starts
new pods and ends old ones within maxSurge and maxUnavailable; when all pods are of the new template
and available, the revision is promoted. The Service selects the track `rolling` of one predictor
all along. Failing new pods never take traffic, the old ones stay.

- Paused: the target is what the Deployment holds already, and Kubernetes' own roll is frozen where
  it stands. A set deleted by hand comes back with the stable revision. Nothing new starts.
- The predictor renamed (or whatever else left a set under another name): make before break. The new
  set comes up beside the old one, at its live size; then the Service's selector moves in one write;
  when its endpoints show it, the old set may go. Never before: the active Service must not select a
  set without a ready endpoint while another one has some.
- A step has a deadline by our own clock, from the annotation that the apply which starts the step
  writes. Kubernetes' own does not fire when an available Deployment cannot grow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from slipway_operator.api.names import (
    ANNOTATION_STEP_STARTED_AT,
    LABEL_PREDICTOR,
    LABEL_TRACK,
    TRACK_ROLLING,
    child_name,
)
from slipway_operator.api.types import ModelDeployment
from slipway_operator.core.objects.deployment import PodSet
from slipway_operator.core.observed import Deployment, Endpoints, Observed
from slipway_operator.core.replicas import size_at_creation
from slipway_operator.core.revision import Revision, moment, stable
from slipway_operator.core.rollout.course import Course, Track, patience


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Who is who.

    `track` is our own; `own` is None until its Deployment is there; `others` are sets left from
    another predictor or strategy; `selected` is None until the Service is there.
    """

    track: Track
    own: Deployment | None
    others: Sequence[Deployment]
    selected: Track | None

    @property
    def live_size(self) -> int | None:
        """The size of the set that the Service selects, when that is not our own."""
        for other in self.others:
            if self.selected == Track(other.predictor, other.track):
                return other.size
        return None


def rolling(
    md: ModelDeployment, observed: Observed, revisions: Sequence[Revision], desired: Revision, now: datetime
) -> Course:
    """Where a rolling update stands and what it needs now."""
    name = child_name(md.key.name, md.spec.predictor.name, "")
    cast = Cast(
        track=Track(md.spec.predictor.name, TRACK_ROLLING),
        own=observed.deployments.get(name),
        others=[other for at, other in sorted(observed.deployments.items()) if at != name],
        selected=_selected(md, observed),
    )
    target = _target(md, cast.own, revisions, desired)
    if target is None:
        return Course(
            desired=desired, target=None, sets=(), active=_active(md, cast, complete=False), scaled=""
        )
    complete = _only_target(observed, cast.own, target)
    active = _active(md, cast, complete=complete)
    switched = active == cast.track == cast.selected
    live = complete and switched and _fully_live(md, observed, cast.own)
    started = _step_started(md, cast.own, target, now)
    pods = PodSet(
        name=name,
        predictor=cast.track.predictor,
        track=cast.track.track,
        revision=target,
        size=size_at_creation(md, cast.live_size),
        paused=md.spec.paused and _mixed(observed, cast.own, target),
        step_started_at=started,
    )
    settled = _is_newest(target, revisions) or (complete and pods.size == 0)
    return Course(
        desired=desired,
        target=target,
        sets=(pods,),
        active=active,
        scaled=name if active == cast.track else "",
        beside=cast.live_size,
        removable=tuple(_removable(md, observed, cast)),
        complete=complete,
        promoted=live and not _is_newest(target, revisions),
        deadline=None if md.spec.paused or live or settled else started + patience(md),
    )


def _selected(md: ModelDeployment, observed: Observed) -> Track | None:
    service = observed.services.get(md.key.name)
    if service is None:
        return None
    selector = service.object["spec"].get("selector") or {}
    return Track(selector.get(LABEL_PREDICTOR, ""), selector.get(LABEL_TRACK, ""))


def _target(
    md: ModelDeployment, own: Deployment | None, revisions: Sequence[Revision], desired: Revision
) -> Revision | None:
    """What may be started: the desired revision, or while paused what was there already."""
    if not md.spec.paused:
        return desired
    if own is None:
        last = stable(revisions)
        return last if last is not None and last.predictor == md.spec.predictor.name else None
    held = (own.predictor, own.revision)
    return next((one for one in revisions if (one.predictor, one.name) == held), None)


def _step_started(md: ModelDeployment, own: Deployment | None, target: Revision, now: datetime) -> datetime:
    """When the current step began: now, unless the last complete apply was about this revision.

    A step that was frozen by `paused` begins anew.
    """
    if own is None or own.step_revision != target.name or (own.paused and not md.spec.paused):
        return now
    return moment(own.annotations.get(ANNOTATION_STEP_STARTED_AT, ""), default=now)


def _only_target(observed: Observed, own: Deployment | None, target: Revision) -> bool:
    """Whether a set is made of the target alone, in what it holds and in the pods that are there.

    The pods say so, not only the Deployment's counts: those are about an older spec for a moment
    after each change, also one of the size, which must not look like an update.
    """
    if own is None or own.revision != target.name or (own.current and own.updated != own.total):
        return False
    return not _mixed(observed, own, target)


def _fully_live(md: ModelDeployment, observed: Observed, own: Deployment | None) -> bool:
    """Whether all pods that are asked for are available and reached; no pods show nothing."""
    return own is not None and own.complete and _reached(md, observed, own)


def _mixed(observed: Observed, own: Deployment | None, target: Revision) -> bool:
    """Whether a set has pods of another revision.

    Only then is a pause of Kubernetes' own roll of use: a Deployment that is paused from the start
    would never get its pods.
    """
    return own is not None and any(pod.revision != target.name for pod in observed.pods_of(own.ref.name))


def _active(md: ModelDeployment, cast: Cast, *, complete: bool) -> Track:
    """What the Service is to select.

    Our own set once it can carry what the selected one carries; until then whatever serves, the
    selected one first.
    """
    own = cast.own
    if own is not None and complete and own.complete and own.size >= size_at_creation(md, cast.live_size):
        return cast.track
    sets = {Track(one.predictor, one.track): one for one in (*([own] if own else []), *cast.others)}
    serving = [track for track, one in sets.items() if one.available]
    if cast.selected in serving:
        return cast.selected
    if serving:
        return serving[0]
    return cast.selected if cast.selected in sets else cast.track


def _reached(md: ModelDeployment, observed: Observed, own: Deployment) -> bool:
    """Whether requests reach pods of this set and no others, by what the Service's endpoints show."""
    shown = observed.endpoints.get(md.key.name, Endpoints()).ready
    return bool(shown) and shown <= {pod.name for pod in observed.pods_of(own.ref.name)}


def _removable(md: ModelDeployment, observed: Observed, cast: Cast) -> list[Deployment]:
    """Other sets, once the Service has left them and requests reach ours alone."""
    if md.spec.paused or cast.selected != cast.track or cast.own is None:
        return []
    empty = cast.own.size == 0
    return list(cast.others) if empty or _reached(md, observed, cast.own) else []


def _is_newest(target: Revision, revisions: Sequence[Revision]) -> bool:
    last = stable(revisions)
    return last is not None and (last.predictor, last.name) == (target.predictor, target.name)
