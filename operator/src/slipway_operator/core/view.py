"""The facts that the status is made from, each worked out once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from slipway_operator.api.types import ModelDeployment
from slipway_operator.core.causes import Cause, cause_of
from slipway_operator.core.observed import Deployment, Endpoints, Observed
from slipway_operator.core.pods import Pod
from slipway_operator.core.revision import Revision, moment, stable
from slipway_operator.core.rollout.course import Course, patience


@dataclass(frozen=True, kw_only=True)
class View:
    """One look, as the status tells it.

    `serving` are the pods that requests reach. `own` is the set of the target (None until it is
    there) and `pods` its pods of the target revision. `stable` is the last promoted revision, the
    one promoted by this look included.
    """

    md: ModelDeployment
    course: Course
    now: datetime
    stable: Revision | None
    own: Deployment | None
    pods: Sequence[Pod]
    serving: Sequence[Pod]
    cause: Cause | None

    @property
    def size(self) -> int:
        """How many pods the target is to have."""
        if self.own is not None:
            return self.own.size
        return self.course.own_set.size if self.course.own_set is not None else 0

    @property
    def promoted(self) -> bool:
        """Whether the desired revision was fully live and none was since."""
        desired = self.course.desired
        return self.stable is not None and (self.stable.predictor, self.stable.name) == (
            desired.predictor,
            desired.name,
        )

    @property
    def held_back(self) -> bool:
        """Whether `paused` keeps the desired revision from being started."""
        target = self.course.target
        return target is None or target.name != self.course.desired.name

    @property
    def short(self) -> bool:
        """Whether a size that the spec itself asks for is not there."""
        own, hpa, replicas = self.own, self.md.spec.predictor.hpa_spec, self.md.spec.replicas
        if own is None:
            return self.size > 0
        if hpa is not None:
            return own.available < (1 if hpa.min_replicas is None else hpa.min_replicas)
        return own.available < own.size if replicas is None else not _exactly(own, replicas)

    @property
    def deadline(self) -> datetime | None:
        """When what is under way will have taken too long: by the step, else by the pods' own clocks."""
        if self.course.deadline is not None or self.md.spec.paused:
            return self.course.deadline
        since = [pod.unready_since for pod in self.pods if not pod.ready]
        if self.cause is not None:
            since.append(self.cause.since)
        times = [moment(text, self.now) for text in since if text]
        return min(times) + patience(self.md) if times else None

    @property
    def overdue(self) -> bool:
        """Whether that has passed."""
        return self.deadline is not None and self.now >= self.deadline


def _exactly(own: Deployment, replicas: int) -> bool:
    return own.size == own.available == own.total == replicas


def view(
    md: ModelDeployment, observed: Observed, revisions: Sequence[Revision], course: Course, now: datetime
) -> View:
    """The facts of one look."""
    own = observed.deployments.get(course.own)
    target = course.target
    of_own = observed.pods_of(own.ref.name) if own is not None else []
    pods = [pod for pod in of_own if target is not None and pod.revision == target.name]
    reached = observed.endpoints.get(md.key.name, Endpoints()).ready
    return View(
        md=md,
        course=course,
        now=now,
        stable=target if course.promoted else stable(revisions),
        own=own,
        pods=pods,
        serving=[pod for pod in observed.pods if pod.name in reached],
        cause=cause_of(pods, own.failure if own is not None else None),
    )
