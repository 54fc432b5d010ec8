"""How far a new set may go in a blue-green update: one stage after the other.

    preview ──up──▶ gate ──promoted──▶ promotion ──full size──▶ live (the switch)
                  └──by itself, at once──▶ promotion or live

*Up* means: as many pods as asked for, all of them available and of this revision, and the preview
Service's endpoints show them all and no others. The gate is not asked where there is nothing to
protect: no revision has ever been fully live, the revision is the one that serves already (only its
Deployment is a new one), it has had the traffic and is still up, or no pods are asked for.

Each stage is kept on the Deployment with the time it began, so each has its own deadline, and what
has passed the gate stays promoted although the verb is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from slipway_operator.api.names import ANNOTATION_STEP_STARTED_AT
from slipway_operator.api.types import BlueGreen, ModelDeployment
from slipway_operator.core.objects.service import preview_name
from slipway_operator.core.revision import moment, stable
from slipway_operator.core.rollout.case import Case
from slipway_operator.core.rollout.course import Gate, Stage
from slipway_operator.core.rollout.verbs import promotes


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where our own set stands: its stage from now on, since when, and the size it is to have."""

    stage: Stage
    since: datetime
    size: int
    gate: Gate | None = None


def seconds(given: int | None, default: int) -> timedelta:
    """A span of the spec."""
    return timedelta(seconds=default if given is None else given)


def standing(case: Case, *, aborted: bool) -> Standing:
    """The stage of our own set beside an incumbent."""
    own, paused = case.own, case.md.spec.paused
    if own is not None and paused:
        return Standing(stage=_stage(case), since=since(case), size=own.size)
    if own is not None and aborted:
        return _at(case, Stage.ABORTED, own.size)
    if own is None or own.paused or _stage(case) is Stage.ABORTED:
        return _begun(case)
    if _stage(case) is Stage.LIVE:  # it had the traffic: back at once, with a clock of its own
        return _at(case, Stage.PROMOTION, case.full_size)
    return _promotion(case) if _stage(case) is Stage.PROMOTION or _open(case) else _waiting(case)


def _begun(case: Case) -> Standing:
    passed = _stage(case) in {Stage.PROMOTION, Stage.LIVE}
    stage = Stage.PROMOTION if passed or _ungated(case) else Stage.PREVIEW
    size = case.full_size if stage is Stage.PROMOTION else preview_size(case)
    return Standing(stage=stage, since=case.now, size=size)


def _waiting(case: Case) -> Standing:
    size = preview_size(case)
    if case.own is not None and _asked(case):  # a promotion has begun, and only its size was written
        size = max(size, min(case.own.size, case.full_size))
    if _stage(case) is not Stage.GATE and not _up(case):
        return _at(case, Stage.PREVIEW, size)
    found = _at(case, Stage.GATE, size)
    gate = Gate(opens_at=_opens_at(case.md, found.since)) if _up(case) else None
    return Standing(stage=found.stage, since=found.since, size=found.size, gate=gate)


def _promotion(case: Case) -> Standing:
    """It takes the traffic when it can carry all of it."""
    own = case.own
    carries = own is not None and own.complete and case.only(case.desired) and own.size >= case.full_size
    return _at(case, Stage.LIVE if carries else Stage.PROMOTION, case.full_size)


def _open(case: Case) -> bool:
    """Whether the gate lets it pass now."""
    if _ungated(case):
        return True
    return _up(case) and _asked(case)


def _asked(case: Case) -> bool:
    """Whether it is promoted, by name or by the time, once it is up."""
    if promotes(case.md, case.desired.name):
        return True
    began = since(case) if _stage(case) is Stage.GATE else case.now
    opens_at = _opens_at(case.md, began)
    return opens_at is not None and case.now >= opens_at


def _ungated(case: Case) -> bool:
    held = case.incumbent
    same = held is not None and held.revision is not None and held.revision.name == case.desired.name
    return stable(case.revisions) is None or same or case.full_size == 0


def _up(case: Case) -> bool:
    own = case.own
    if own is None or not own.complete or not case.only(case.desired) or own.size < preview_size(case):
        return False
    service = preview_name(case.md.key.name, case.track.predictor)
    return case.selection(service) == case.track and case.reached(service, least=own.size)


def _opens_at(md: ModelDeployment, began: datetime) -> datetime | None:
    """When the gate opens by itself; None: never."""
    chosen = md.spec.strategy.blue_green
    if chosen.auto_promotion_enabled is False:
        return None
    return began + seconds(chosen.auto_promotion_seconds, BlueGreen.AUTO_PROMOTION_SECONDS)


def preview_size(case: Case) -> int:
    """How many pods a preview has: never more than the full size."""
    asked = case.md.spec.strategy.blue_green.preview_replica_count
    return case.full_size if asked is None else min(asked, case.full_size)


def _stage(case: Case) -> Stage:
    """The stage of our own set; what is not known is a preview."""
    text = case.own.stage if case.own is not None else ""
    return Stage(text) if text in set(Stage) else Stage.PREVIEW


def since(case: Case) -> datetime:
    """When its stage began."""
    began = case.own.annotations.get(ANNOTATION_STEP_STARTED_AT, "") if case.own is not None else ""
    return moment(began, default=case.now)


def _at(case: Case, stage: Stage, size: int) -> Standing:
    began = since(case) if _stage(case) is stage else case.now
    return Standing(stage=stage, since=began, size=size)
