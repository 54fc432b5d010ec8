"""What a strategy decides: the sets of pods there should be now, and where traffic goes.

The roles, all read from what is there: *desired* is what the spec asks for, *target* what may be
started now (the same, unless paused or aborted), *active* what the Service selects, *preview* what
only the preview Service selects, *stable* the last one that was fully live, *retired* one that was
active and is still up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from slipway_operator.api.types import ModelDeployment, Spec
from slipway_operator.core.objects.deployment import PodSet
from slipway_operator.core.observed import Deployment
from slipway_operator.core.revision import Revision


class Track(NamedTuple):
    """What a Service selects: one set of pods."""

    predictor: str
    track: str


class Stage(StrEnum):
    """How far a set has come in a blue-green update; kept on its Deployment, with the time it began."""

    PREVIEW = "preview"
    """Coming up, reached by the preview Service alone."""
    GATE = "gate"
    """Up, and waiting to be promoted."""
    PROMOTION = "promotion"
    """Promoted: it grows to its full size, then takes the traffic."""
    LIVE = "live"
    """It has the traffic, or has had it."""
    ABORTED = "aborted"
    """Given up."""


UNVETTED: Final = frozenset({Stage.PREVIEW, Stage.GATE, Stage.ABORTED})
"""Stages in which a set may not take traffic, whatever happens to the others."""


def patience(md: ModelDeployment) -> timedelta:
    """How long one step may take."""
    seconds = md.spec.progress_deadline_seconds
    return timedelta(seconds=Spec.PROGRESS_DEADLINE_SECONDS if seconds is None else seconds)


def due(md: ModelDeployment, began: datetime | None) -> datetime | None:
    """When a step will have taken too long; None where none has begun."""
    return None if began is None else began + patience(md)


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What a preview waits for: a promotion by name, or `opens_at`."""

    opens_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Course:
    """One strategy's decision.

    `sets` are to be ensured, in order; `own` names the Deployment of the target. `active` is what the
    Service is to select, `preview` what the preview Service is to select (None: there is none).
    `scaled` is the Deployment that autoscaler and disruption budget belong to, empty while they are
    to stay where they are. `retiring` have just lost the traffic, `returning` are no longer retired,
    `removable` may go now.
    """

    desired: Revision
    target: Revision | None
    own: str = ""
    sets: tuple[PodSet, ...] = ()
    active: Track
    preview: Track | None = None
    scaled: str = ""
    retiring: tuple[Deployment, ...] = ()
    removable: tuple[Deployment, ...] = ()
    complete: bool = False
    """Whether the set is made of the target alone and has the traffic, whatever its size."""
    promoted: bool = False
    """Whether the target has just become fully live for the first time since another one was."""
    deadline: datetime | None = None
    """When this step will have taken too long; None when no step is under way."""
    gate: Gate | None = None
    """Set while a preview waits for its promotion."""
    aborted: str = ""
    """Why the desired revision is given up, in words; empty if it is not."""
    given_up: bool = False
    """Whether that has to be remembered, because nothing in the spec says so."""
    note: str = ""
    """What there is to say about a verb that has no effect."""
    wake: datetime | None = None
    """When the next delay ends."""

    @property
    def own_set(self) -> PodSet | None:
        """The target's set."""
        return next((pods for pods in self.sets if pods.name == self.own), None)
