"""The blue-green strategy: one Deployment for each revision, and a switch between them.

What happens, in order: the desired revision's set comes up beside the incumbent, reached by the
preview Service alone; it passes the stages of `gate`; when it can carry what the incumbent carries,
the active Service's selector moves in one write. When the endpoints show the new set alone,
autoscaler and disruption budget follow, and the old set is marked as retired. It stays up, untouched,
for scaleDownDelaySeconds, to go back to at once; then it is removed.

- First deployment: no gate and no preview; the Service selects the set from the beginning.
- The preview Service selects our own set once it is up, before that a superseded one that is up, else
  the active one: it never goes down in between.
- Superseded: a set that never had the traffic goes as soon as no Service selects it.
- Aborted, by name or by the deadline: the incumbent stays, the preview goes after its delay.
- Paused: nothing is started, switched, retired or removed; what is there keeps its size and shape.
- Whatever happens, a set that a Service selects is not touched, and where nothing of the active set
  serves, the traffic goes to one that does and had it before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from slipway_operator.api.types import BlueGreen, RollingUpdate
from slipway_operator.core.objects.deployment import PodSet
from slipway_operator.core.objects.service import preview_name
from slipway_operator.core.observed import Deployment
from slipway_operator.core.revision import moment
from slipway_operator.core.rollout.case import Case, Incumbent, track_of
from slipway_operator.core.rollout.course import UNVETTED, Course, Stage, Track, due, patience
from slipway_operator.core.rollout.gate import Standing, seconds, since, standing
from slipway_operator.core.rollout.rolling import ABORT_ASKED
from slipway_operator.core.rollout.verbs import aborts, note

DEADLINE_PASSED: Final = "it was not up within its deadline, and progressDeadlineAbort is set"


def blue_green(case: Case) -> Course:
    """Where a blue-green update stands and what it needs now."""
    return _alone(case) if case.incumbent is None else _beside(case, case.incumbent)


def _alone(case: Case) -> Course:
    """Our own set has the traffic, or is the first."""
    own, spec = case.own, case.md.spec
    if own is None and spec.paused:
        return Course(desired=case.desired, target=None, active=case.track, preview=case.track)
    pods = _pods(case, _live(case), wanted=None)
    complete = case.only(case.desired)
    reached = case.selected == case.track and _carried(case)
    live = complete and reached and own is not None and own.complete and own.size > 0
    settled = case.is_stable(case.desired) or (complete and pods.size == 0)
    return Course(
        desired=case.desired,
        target=case.desired,
        own=case.name,
        sets=(pods,),
        active=case.track,
        preview=case.track,
        scaled=case.name if reached or not case.others else "",
        retiring=_retiring(case) if reached else (),
        removable=tuple(_removable(case)) if reached else (),
        complete=complete,
        promoted=live and not case.is_stable(case.desired),
        deadline=None if spec.paused or live or settled else due(case.md, pods.step_started_at),
        note=note(case, abortable=False),
        wake=_earliest(_due(case)),
    )


def _live(case: Case) -> Standing:
    own = case.own
    is_live = own is not None and own.stage == Stage.LIVE
    return Standing(stage=Stage.LIVE, since=since(case) if is_live else case.now, size=case.full_size)


def _beside(case: Case, held: Incumbent) -> Course:
    """Our own set is to take over from the incumbent."""
    aborted = _aborted(case, held)
    now = standing(case, aborted=bool(aborted))
    ended = _abort_ends(case) if aborted else None
    over = ended is not None and case.now >= ended
    starts = case.own is not None or not (aborted or case.md.spec.paused)
    pods = (_pods(case, now, wanted=now.size),) if starts and not over else ()
    switching = now.stage is Stage.LIVE and not case.md.spec.paused and bool(pods)
    preview = case.track if switching else _preview(case, held, own_counts=bool(pods))
    running = now.stage in {Stage.PREVIEW, Stage.PROMOTION} and not case.md.spec.paused and bool(pods)
    return Course(
        desired=case.desired,
        target=case.desired if pods else held.revision,
        own=case.name if pods else _name(held.deployment),
        sets=(*case.kept(), *pods),
        active=case.track if switching else held.track,
        preview=preview,
        scaled="" if switching or case.selected == case.track else case.carrier(),
        retiring=_retiring(case),
        removable=tuple(_removable(case, keeping=preview, own=over)),
        complete=switching or not pods,
        deadline=now.since + patience(case.md) if running else None,
        gate=now.gate,
        aborted=aborted,
        given_up=aborted == DEADLINE_PASSED,
        note=note(case, abortable=bool(aborted)),
        wake=_earliest([*_due(case), *([ended] if ended else []), *_opening(now)]),
    )


def _name(one: Deployment | None) -> str:
    return one.ref.name if one is not None else ""


def _pods(case: Case, at: Standing, *, wanted: int | None) -> PodSet:
    return PodSet(
        name=case.name,
        predictor=case.track.predictor,
        track=case.track.track,
        revision=case.desired,
        size=at.size,
        wanted=wanted,
        paused=case.md.spec.paused and wanted is not None,
        stage=str(at.stage),
        step_started_at=None if at.stage is Stage.LIVE and case.resting(case.desired) else at.since,
    )


def _aborted(case: Case, held: Incumbent) -> str:
    """Why the desired revision is given up; the one that serves cannot be."""
    if held.revision is not None and held.revision.name == case.desired.name:
        return ""
    if aborts(case.md, case.desired.name):
        return ABORT_ASKED
    own = case.own
    late = (
        own is not None
        and case.md.spec.strategy.blue_green.progress_deadline_abort
        and not case.md.spec.paused
        and not own.paused
        and own.stage in {Stage.PREVIEW, Stage.PROMOTION}
        and case.now >= since(case) + patience(case.md)
        and standing(case, aborted=False).stage == own.stage
    )
    return DEADLINE_PASSED if late or case.desired.aborted else ""


def _abort_ends(case: Case) -> datetime | None:
    """When an aborted set goes; None: never, or it is gone."""
    delay = case.md.spec.strategy.blue_green.abort_scale_down_delay_seconds
    own = case.own
    if own is None or own.stage != Stage.ABORTED or delay == 0 or case.md.spec.paused:
        return None
    return since(case) + seconds(delay, BlueGreen.ABORT_SCALE_DOWN_DELAY_SECONDS)


def _opening(now: Standing) -> list[datetime]:
    return [now.gate.opens_at] if now.gate is not None and now.gate.opens_at is not None else []


def _preview(case: Case, held: Incumbent, *, own_counts: bool) -> Track:
    """What the preview Service is to select: the newest set that is up and has not had the traffic."""
    before = case.selection(preview_name(case.md.key.name, case.track.predictor))
    if own_counts and case.own is not None and _shown(case.own, before):
        return case.track
    up = [one for one in _unvetted(case) if _shown(one, before) and one.predictor == case.track.predictor]
    newest = max(up, key=lambda one: _number(case, one), default=None)
    return held.track if newest is None else track_of(newest)


def _shown(one: Deployment, before: Track | None) -> bool:
    """Whether it is up; what is shown already stays so while some of it is."""
    return (one.complete and one.size > 0) or (before == track_of(one) and one.available > 0)


def _number(case: Case, one: Deployment) -> int:
    revision = case.revision_in(one)
    return revision.number if revision is not None else 0


def _unvetted(case: Case) -> Iterator[Deployment]:
    """Other sets that never had the traffic."""
    return (one for one in case.others.values() if one.stage in UNVETTED)


def _carried(case: Case) -> bool:
    """Whether the Service's endpoints show our own set alone, and enough of it."""
    own = case.own
    if own is None or own.size == 0:
        return own is not None
    spare = case.md.spec.strategy.rolling_update.max_unavailable
    return case.reached(case.md.key.name, least=max(1, own.size - _count(spare, own.size)))


def _count(limit: int | str | None, total: int) -> int:
    """A number of pods, or a percentage of `total` rounded down."""
    if limit is None:
        return RollingUpdate.MAX_UNAVAILABLE
    return limit if isinstance(limit, int) else math.floor(total * int(limit.rstrip("%")) / 100)


def _bystanders(case: Case) -> Iterator[tuple[Track, Deployment]]:
    """Sets that are neither our own nor the incumbent, and that no Service selects."""
    held = case.incumbent
    for track, one in case.others.items():
        if track not in case.named and (held is None or held.track != track):
            yield track, one


def _retiring(case: Case) -> tuple[Deployment, ...]:
    """Sets that had the traffic and are not marked yet."""
    if case.md.spec.paused:
        return ()
    return tuple(one for _, one in _bystanders(case) if one.stage not in UNVETTED and not one.retired_at)


def _removable(case: Case, *, keeping: Track | None = None, own: bool = False) -> Iterator[Deployment]:
    """Superseded previews, retired sets whose time is over, and our `own` if its abort is."""
    if case.md.spec.paused:
        return
    for track, one in _bystanders(case):
        retired = bool(one.retired_at) and case.now >= _retired_until(case, one)
        if track != keeping and (one.stage in UNVETTED or retired):
            yield one
    if own and case.own is not None and case.track not in case.named:
        yield case.own


def _retired_until(case: Case, one: Deployment) -> datetime:
    delay = case.md.spec.strategy.blue_green.scale_down_delay_seconds
    return moment(one.retired_at, default=case.now) + seconds(delay, BlueGreen.SCALE_DOWN_DELAY_SECONDS)


def _due(case: Case) -> list[datetime]:
    """When retired sets go."""
    return [_retired_until(case, one) for _, one in _bystanders(case) if one.retired_at]


def _earliest(times: Iterable[datetime]) -> datetime | None:
    return min(times, default=None)
