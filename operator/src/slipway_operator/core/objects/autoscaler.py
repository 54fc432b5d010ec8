"""The HorizontalPodAutoscaler of the active set."""

from __future__ import annotations

from slipway_operator.api.names import child_name
from slipway_operator.api.types import HpaSpec, ModelDeployment
from slipway_operator.core.actions import Kind, Manifest
from slipway_operator.core.objects import metadata


def autoscaler_name(modeldeployment: str, predictor: str) -> str:
    """Its name."""
    return child_name(modeldeployment, predictor, "hpa")


def autoscaler(md: ModelDeployment, hpa: HpaSpec, deployment: str) -> Manifest:
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
    if hpa.behavior:
        spec["behavior"] = dict(hpa.behavior)
    name = autoscaler_name(md.key.name, predictor)
    return metadata.child(md, Kind.HORIZONTAL_POD_AUTOSCALER, name, predictor, spec=spec)
