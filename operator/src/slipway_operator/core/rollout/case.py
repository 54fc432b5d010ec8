"""What a strategy looks at, and what all of them need to know of it.

Own is the set that the desired revision is to run in. The *incumbent* is the set beside it that has
the traffic, as long as own must not have it: the one that the Service selects, unless nothing of it
serves while something else does. A set that has not passed its gate never takes traffic by that
rule. An incumbent that somebody deleted is made again from its revision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

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
from slipway_operator.core.replicas import size_at_creation, size_of_active
from slipway_operator.core.revision import Revision, moment, stable
from slipway_operator.core.rollout.course import UNVETTED, Stage, Track


def track_of(one: Deployment) -> Track:
    """What selects a set."""
    return Track(one.predictor, one.track)


def set_name(md: ModelDeployment, track: Track) -> str:
    """The Deployment of a track."""
    return child_name(md.key.name, track.predictor, "" if track.track == TRACK_ROLLING else track.track)


@dataclass(frozen=True, kw_only=True)
class Incumbent:
    """The set beside our own that has the traffic; `deployment` is None where somebody deleted it."""

    track: Track
    deployment: Deployment | None
    revision: Revision | None


@dataclass(frozen=True, kw_only=True)
class Case:
    """One look at one ModelDeployment. `track` is what selects our own set."""

    md: ModelDeployment
    observed: Observed
    revisions: Sequence[Revision]
    desired: Revision
    now: datetime
    track: Track

    @cached_property
    def name(self) -> str:
        """Our own Deployment's name."""
        return set_name(self.md, self.track)

    @property
    def own(self) -> Deployment | None:
        """Our own set, once it is there."""
        return self.observed.deployments.get(self.name)

    @cached_property
    def others(self) -> Mapping[Track, Deployment]:
        """All other sets, in the order of their names."""
        found = sorted(self.observed.deployments.items())
        return {track_of(one): one for name, one in found if name != self.name}

    def selection(self, service: str) -> Track | None:
        """What a Service selects; None until it is there."""
        live = self.observed.services.get(service)
        if live is None:
            return None
        selector = live.object["spec"].get("selector") or {}
        return Track(selector.get(LABEL_PREDICTOR, ""), selector.get(LABEL_TRACK, ""))

    @cached_property
    def selected(self) -> Track | None:
        """What the active Service selects."""
        return self.selection(self.md.key.name)

    @cached_property
    def named(self) -> frozenset[Track]:
        """What any of our Services selects: a set in there is not touched."""
        found = (self.selection(service) for service in self.observed.services)
        return frozenset(one for one in found if one is not None)

    @cached_property
    def incumbent(self) -> Incumbent | None:
        """Who has the traffic beside our own set; None when our own has it, or is to have it."""
        chosen = self.others.get(self.selected) if self.selected else None
        if chosen is not None and not _vetted(chosen):
            chosen = None  # somebody's hand: no gate is passed like that
        if chosen is not None and chosen.available:
            return self._as_incumbent(chosen)
        own = self.own
        if own is not None and _vetted(own) and (own.available or self._empty_by_wish):
            return None
        serving = [one for one in self.others.values() if one.available and _vetted(one)]
        if serving:
            return self._as_incumbent(max(serving, key=self._merit))
        return self._silent(chosen)

    @property
    def _empty_by_wish(self) -> bool:
        """Whether our own set has the traffic and no pods, as asked: nobody is to serve in its place."""
        return self.md.spec.replicas == 0 and self.selected == self.track

    def _silent(self, chosen: Deployment | None) -> Incumbent | None:
        """Who has the traffic where nothing serves: as the Service has it, else the likeliest."""
        own = self.own
        if stable(self.revisions) is None:
            return None  # nothing ever served: the newest is as good as the first
        if chosen is not None:
            return self._as_incumbent(chosen)
        if own is not None and _vetted(own):
            return None
        if own is None and self.selected == self.track:
            return None
        lost = self._revision_of(self.selected)
        if self.selected is not None and self.selected != self.track and lost is not None:
            return Incumbent(track=self.selected, deployment=None, revision=lost)
        resting = [one for one in self.others.values() if _vetted(one)]
        return self._as_incumbent(max(resting, key=self._merit)) if resting else None

    def _merit(self, one: Deployment) -> tuple[bool, bool, int]:
        """Not retired, stable, newest."""
        last, revision = stable(self.revisions), self.revision_in(one)
        number = revision.number if revision is not None else 0
        return not one.retired_at, last is not None and revision == last, number

    def _as_incumbent(self, one: Deployment) -> Incumbent:
        return Incumbent(track=track_of(one), deployment=one, revision=self.revision_in(one))

    def revision_in(self, one: Deployment) -> Revision | None:
        """The revision that a set's template holds."""
        held = (one.predictor, one.revision)
        return next((known for known in self.revisions if (known.predictor, known.name) == held), None)

    def _revision_of(self, track: Track | None) -> Revision | None:
        """The revision that a set which is gone held."""
        last = stable(self.revisions)
        if track is None:
            return None
        if track.track == TRACK_ROLLING:
            return last if last is not None and last.predictor == track.predictor else None
        wanted = (track.predictor, track.track)
        return next((one for one in self.revisions if (one.predictor, one.name) == wanted), None)

    @property
    def live_size(self) -> int | None:
        """The size of the incumbent as it is now, an autoscaler's work included."""
        held = self.incumbent.deployment if self.incumbent is not None else None
        return held.size if held is not None else None

    @cached_property
    def full_size(self) -> int:
        """How many pods our own set needs to take over."""
        return size_at_creation(self.md, self.live_size)

    def resting(self, target: Revision) -> bool:
        """Whether the target has never been fully live and is to have no pods.

        Then no step is under way and no clock runs: it starts with the first pods, however much later.
        """
        own, asked = self.own, self.full_size
        if own is not None and self.incumbent is None:
            asked = size_of_active(self.md, own)
        return asked == 0 and not self.is_stable(target)

    def only(self, target: Revision) -> bool:
        """Whether our own set is made of the target alone, in what it holds and in the pods that are there.

        The pods say so, not only the Deployment's counts: those are about an older spec for a moment
        after each change, also one of the size, which must not look like an update.
        """
        own = self.own
        if own is None or own.revision != target.name or (own.current and own.updated != own.total):
            return False
        return not self.mixed(own, target)

    def mixed(self, one: Deployment, target: Revision) -> bool:
        """Whether a set has pods of another revision."""
        return any(pod.revision != target.name for pod in self.observed.pods_of(one.ref.name))

    def reached(self, service: str, *, least: int = 1) -> bool:
        """Whether requests to a Service reach our own pods alone, and at least so many.

        By what the Service's endpoints show; those that are on their way out do not count.
        """
        own = self.own
        if own is None:
            return False
        shown = self.observed.endpoints.get(service, Endpoints()).ready
        return len(shown) >= least and shown <= {pod.name for pod in self.observed.pods_of(own.ref.name)}

    def is_stable(self, revision: Revision) -> bool:
        """Whether it is the last one that was fully live."""
        last = stable(self.revisions)
        return last is not None and (last.predictor, last.name) == (revision.predictor, revision.name)

    def kept(self) -> tuple[PodSet, ...]:
        """The incumbent, to be kept as it is: its frozen template, its size, its stage."""
        held = self.incumbent
        if held is None or held.revision is None or held.revision.refused:
            return ()
        live, gone = held.deployment, "" if held.track.track == TRACK_ROLLING else str(Stage.LIVE)
        began = live.annotations.get(ANNOTATION_STEP_STARTED_AT, "") if live is not None else ""
        kept = PodSet(
            name=set_name(self.md, held.track),
            predictor=held.track.predictor,
            track=held.track.track,
            revision=held.revision,
            size=size_at_creation(self.md, live.size if live is not None else None),
            step_started_at=moment(began, default=self.now) if began or live is None else None,
            paused=self.md.spec.paused and live is not None and self.mixed(live, held.revision),
            stage=live.stage if live is not None else gone,
        )
        return (kept,)

    def carrier(self) -> str:
        """The Deployment that autoscaler and budget belong to while the incumbent has the traffic."""
        held = self.incumbent
        if held is None or held.deployment is None or held.track.predictor != self.track.predictor:
            return ""
        return held.deployment.ref.name


def _vetted(one: Deployment) -> bool:
    return one.stage not in UNVETTED
