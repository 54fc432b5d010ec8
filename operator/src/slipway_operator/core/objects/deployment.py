"""The Deployment of one set of pods.

`replicas` is missing on purpose: it has a writer of its own (`core.replicas`); only the manifest
that creates a Deployment gets it. The progress deadline is passed on for whoever reads the
Deployment; what we report goes by our own clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from slipway_operator.api import names
from slipway_operator.api.types import Json, ModelDeployment, RollingUpdate, Spec
from slipway_operator.core.actions import Kind, Manifest
from slipway_operator.core.objects import metadata
from slipway_operator.core.revision import Revision, rfc3339

OLD_REPLICA_SETS: Final = 1
"""Kept by Kubernetes for its own rollback, which we do not use: a revision is frozen elsewhere."""


@dataclass(frozen=True, kw_only=True)
class PodSet:
    """One Deployment that should be there: what the strategies decide about.

    `size` is the size it is created with. `wanted` is the size of one that is not active, None for
    the active one, whose size is the spec's or the autoscaler's business. `paused` freezes a rolling
    update where it stands. `stage` is how far it has come in a blue-green update, empty otherwise.
    `step_started_at` is None where no step is under way; the annotation is empty then, as one that is
    left out would stay what it was.
    """

    name: str
    predictor: str
    track: str
    revision: Revision
    size: int
    step_started_at: datetime | None
    wanted: int | None = None
    paused: bool = False
    stage: str = ""


def deployment(md: ModelDeployment, pods: PodSet) -> Manifest:
    """The manifest, without replicas."""
    selected = metadata.selector(md.key.name, pods.predictor, pods.track)
    started = rfc3339(pods.step_started_at) if pods.step_started_at else ""
    annotations = {names.ANNOTATION_STEP_STARTED_AT: started}
    if pods.stage:
        annotations[names.ANNOTATION_STAGE] = pods.stage
    if pods.revision.restarted_at:
        annotations[names.ANNOTATION_RESTARTED_AT] = pods.revision.restarted_at
    deadline = _or(md.spec.progress_deadline_seconds, Spec.PROGRESS_DEADLINE_SECONDS)
    return metadata.child(
        md,
        Kind.DEPLOYMENT,
        pods.name,
        pods.predictor,
        annotations=annotations,
        extra_labels={names.LABEL_TRACK: pods.track, names.LABEL_REVISION: pods.revision.name},
        spec={
            "selector": {"matchLabels": selected},
            "paused": pods.paused,
            "minReadySeconds": _or(md.spec.min_ready_seconds, Spec.MIN_READY_SECONDS),
            "progressDeadlineSeconds": deadline,
            "revisionHistoryLimit": OLD_REPLICA_SETS,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": _limits(md.spec.strategy.rolling_update)},
            "template": tracked(pods.revision.template, pods.track),
        },
    )


def tracked(template: Json, track: str) -> Manifest:
    """A frozen template as a member of a track."""
    meta = template["metadata"]
    return {**template, "metadata": {**meta, "labels": {**meta["labels"], names.LABEL_TRACK: track}}}


def untracked(template: Json) -> Manifest:
    """A live template as it may be frozen."""
    meta = template["metadata"]
    labels = {name: value for name, value in meta["labels"].items() if name != names.LABEL_TRACK}
    return {**template, "metadata": {**meta, "labels": labels}}


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _limits(rolling: RollingUpdate) -> Manifest:
    surge, unavailable = rolling.max_surge, rolling.max_unavailable
    return {
        "maxSurge": RollingUpdate.MAX_SURGE if surge is None else surge,
        "maxUnavailable": RollingUpdate.MAX_UNAVAILABLE if unavailable is None else unavailable,
    }
