"""The HorizontalPodAutoscaler of the active set.

For a while after it was aimed at another set it may not shrink it: it has no metrics of those pods
yet, takes them for idle, and would leave the least of them at the moment they get all the traffic.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from slipway_operator.api.names import ANNOTATION_MOVED_AT, child_name
from slipway_operator.api.types import BlueGreen, HpaSpec, ModelDeployment
from slipway_operator.core.actions import Kind, Manifest
from slipway_operator.core.objects import metadata
from slipway_operator.core.observed import Child
from slipway_operator.core.revision import moment, rfc3339

LEAST_HOLD_SECONDS: Final = 60


def autoscaler_name(modeldeployment: str, predictor: str) -> str:
    """Its name."""
    return child_name(modeldeployment, predictor, "hpa")


def held_for(md: ModelDeployment) -> timedelta:
    """How long it may not shrink the set that it has just been aimed at."""
    delay = md.spec.strategy.blue_green.scale_down_delay_seconds
    seconds = BlueGreen.SCALE_DOWN_DELAY_SECONDS if delay is None else delay
    return timedelta(seconds=max(LEAST_HOLD_SECONDS, seconds))


def moved_at(
    md: ModelDeployment, live: Child | None, deployment: str, now: datetime, *, succeeds: bool
) -> datetime | None:
    """When it was aimed at `deployment`, as long as that matters.

    `succeeds` says that the set is larger than the least: then also a new autoscaler is held.
    """
    if live is None:
        return now if succeeds else None
    if live.object["spec"]["scaleTargetRef"]["name"] != deployment:
        return now
    noted = live.annotations.get(ANNOTATION_MOVED_AT)
    began = moment(noted, default=now) if noted else None
    return began if began is not None and now < began + held_for(md) else None


def autoscaler(md: ModelDeployment, hpa: HpaSpec, deployment: str, moved: datetime | None = None) -> Manifest:
    """The user's words, aimed at a Deployment; what is empty is left out, or an apply never settles."""
    predictor = md.spec.predictor.name
    spec: Manifest = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment},
        "maxReplicas": hpa.max_replicas,
    }
    if hpa.min_replicas is not None:
        spec["minReplicas"] = hpa.min_replicas
    if hpa.metrics:
        spec["metrics"] = list(hpa.metrics)
    behavior = dict(hpa.behavior or {})
    if moved is not None:
        behavior["scaleDown"] = {**behavior.get("scaleDown", {}), "selectPolicy": "Disabled"}
    if behavior:
        spec["behavior"] = behavior
    name = autoscaler_name(md.key.name, predictor)
    marks = {} if moved is None else {ANNOTATION_MOVED_AT: rfc3339(moved)}
    return metadata.child(md, Kind.HORIZONTAL_POD_AUTOSCALER, name, predictor, annotations=marks, spec=spec)
