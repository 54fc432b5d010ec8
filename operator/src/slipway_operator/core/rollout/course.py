"""What a strategy decides: the sets of pods there should be now, and where traffic goes.

The roles, all read from what is there: *desired* is what the spec asks for, *target* what may be
started now (the same, unless paused), *active* what the Service selects, *stable* the last one that
was fully live.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from slipway_operator.api.types import ModelDeployment, Spec
from slipway_operator.core.objects.deployment import PodSet
from slipway_operator.core.observed import Deployment
from slipway_operator.core.revision import Revision


class Track(NamedTuple):
    """What a Service selects: one set of pods."""

    predictor: str
    track: str


def patience(md: ModelDeployment) -> timedelta:
    """How long one step may take."""
    seconds = md.spec.progress_deadline_seconds
    return timedelta(seconds=Spec.PROGRESS_DEADLINE_SECONDS if seconds is None else seconds)


@dataclass(frozen=True, kw_only=True)
class Course:
    """One strategy's decision.

    `sets` are to be ensured, in order. `active` is what the Service is to select. `scaled` is the
    Deployment that autoscaler and disruption budget belong to, empty while they are to stay where
    they are. `beside` is the live size of the set that is being replaced, None when there is no such
    set. `removable` may go now.
    """

    desired: Revision
    target: Revision | None
    sets: tuple[PodSet, ...]
    active: Track
    scaled: str
    beside: int | None = None
    removable: tuple[Deployment, ...] = ()
    complete: bool = False
    """Whether the set is made of the target alone, whatever its size."""
    promoted: bool = False
    """Whether the target has just become fully live for the first time since another one was."""
    deadline: datetime | None = None
    """When this step will have taken too long; None when no step is under way."""
