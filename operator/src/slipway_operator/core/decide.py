"""The whole deciding pipeline of one look, as one pure function.

spec and observed → history → desired revision → course (the strategy) → plan (ordered writes) →
status and Events. Nothing is remembered between two looks: an operator killed between any two
writes goes on where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from slipway_operator.api.types import FieldError, Json, Key, ModelDeployment
from slipway_operator.core.actions import Emit, Write
from slipway_operator.core.events import troubles
from slipway_operator.core.history import history, made_now
from slipway_operator.core.observed import Observed
from slipway_operator.core.plan import Plan, Situation, plan
from slipway_operator.core.revision import Revision, Wanted, wanted
from slipway_operator.core.rollout.course import Course
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
    course = rolling(md, observed, revisions, desired, now)
    new = want.known is None and course.target is desired
    known = (*revisions, desired) if new else revisions
    planned = _planned(md, observed, known, course)
    seen = view(md, observed, known, course, now)
    found = verdict(seen, planned.blocked)
    shown = status(seen, observed, known, found)
    return Decision(
        writes=tuple(step.write for step in planned.steps),
        events=(*(step.event for step in planned.steps if step.event), *troubles(md.status, shown)),
        status=shown,
        requeue_after=_requeue(planned, seen, want, now),
    )


def _planned(md: ModelDeployment, observed: Observed, known: Sequence[Revision], course: Course) -> Plan:
    """The writes; none at all while the desired revision's stored template cannot be trusted."""
    if course.desired.refused:
        return Plan(steps=())
    return plan(Situation(md=md, observed=observed, revisions=known, course=course))


def _requeue(planned: Plan, seen: View, want: Wanted, now: datetime) -> float | None:
    """When to look again if nothing happens: at once, at a deadline, or when a restart is due."""
    if planned.unfinished:
        return 0.0
    times = [time for time in (seen.deadline, want.restart_due) if time is not None and time > now]
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
