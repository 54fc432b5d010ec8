"""The whole deciding pipeline of one look, as one pure function.

spec and observed → history → desired revision → course (the strategy) → plan (ordered writes) →
status and Events. Nothing is remembered between two looks: an operator killed between any two
writes goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from slipway_operator.api.names import TRACK_ROLLING
from slipway_operator.api.types import FieldError, Json, Key, ModelDeployment, StrategyType
from slipway_operator.core.actions import Emit, Write
from slipway_operator.core.events import troubles
from slipway_operator.core.history import history, made_now
from slipway_operator.core.observed import Observed
from slipway_operator.core.plan import Plan, Situation, plan
from slipway_operator.core.revision import Revision, Wanted, wanted
from slipway_operator.core.rollout.blue_green import blue_green
from slipway_operator.core.rollout.case import Case
from slipway_operator.core.rollout.course import Course, Track
from slipway_operator.core.rollout.rolling import rolling
from slipway_operator.core.status import rejected, status
from slipway_operator.core.verdict import verdict
from slipway_operator.core.view import View, view


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """The operator's own part in what is decided."""

    runtime_image: str
    """Used when a revision is first made, and never again for it."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What one look comes to.

    `writes` are in order: stop at the first failure. `status` is complete, to be written only if it
    differs from the last. `requeue_after` is in seconds; 0 means look again at once.
    """

    writes: tuple[Write, ...]
    events: tuple[Emit, ...]
    status: dict[str, Any]
    requeue_after: float | None


@dataclass(frozen=True, kw_only=True)
class Unparsed:
    """A ModelDeployment whose spec cannot be read: as much of it as its status needs."""

    key: Key
    uid: str
    generation: int
    status: Json = field(default_factory=dict)


def decide(md: ModelDeployment, observed: Observed, defaults: Defaults, now: datetime) -> Decision:
    """What to write, say and report now."""
    now = now.replace(microsecond=0)
    revisions = history(md.key, observed)
    want = wanted(md, revisions, now)
    desired = made_now(md, want, revisions, defaults.runtime_image)
    course = _course(md, observed, revisions, desired, now)
    new = want.known is None and course.target is desired
    known = (*revisions, desired) if new else revisions
    planned = _planned(md, observed, known, course, now)
    seen = view(md, observed, known, course, now)
    found = verdict(seen, planned.blocked)
    shown = status(seen, observed, known, found)
    return Decision(
        writes=tuple(step.write for step in planned.steps),
        events=(*(step.event for step in planned.steps if step.event), *troubles(md.status, shown)),
        status=shown,
        requeue_after=_requeue(planned, seen, want, now),
    )


STRATEGIES: Final[dict[StrategyType, Callable[[Case], Course]]] = {
    StrategyType.ROLLING_UPDATE: rolling,
    StrategyType.BLUE_GREEN: blue_green,
}


def _course(
    md: ModelDeployment, observed: Observed, revisions: Sequence[Revision], desired: Revision, now: datetime
) -> Course:
    """The decision of the strategy that the spec names; it also says which set is the desired revision's."""
    chosen = md.spec.strategy.type
    track = TRACK_ROLLING if chosen is StrategyType.ROLLING_UPDATE else desired.name
    case = Case(
        md=md,
        observed=observed,
        revisions=revisions,
        desired=desired,
        now=now,
        track=Track(md.spec.predictor.name, track),
    )
    return STRATEGIES[chosen](case)


def _planned(
    md: ModelDeployment, observed: Observed, known: Sequence[Revision], course: Course, now: datetime
) -> Plan:
    """The writes; none at all while the desired revision's stored template cannot be trusted."""
    if course.desired.refused:
        return Plan(steps=())
    return plan(Situation(md=md, observed=observed, revisions=known, course=course, now=now))


def _requeue(planned: Plan, seen: View, want: Wanted, now: datetime) -> float | None:
    """When to look again if nothing happens: at once, at a deadline, or when a delay or a restart is due."""
    if planned.unfinished:
        return 0.0
    due = (seen.deadline, want.restart_due, seen.course.wake, planned.wake)
    times = [time for time in due if time is not None and time > now]
    return min((time - now).total_seconds() for time in times) if times else None


def reject(
    unparsed: Unparsed, observed: Observed, errors: Sequence[FieldError], now: datetime
) -> dict[str, Any]:
    """The status of a spec with errors; nothing is written, what serves goes on."""
    return rejected(
        unparsed,
        observed,
        errors,
        generation=unparsed.generation,
        before=unparsed.status,
        now=now.replace(microsecond=0),
    )
