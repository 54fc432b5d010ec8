"""The PodDisruptionBudget of the active set."""

from __future__ import annotations

from slipway_operator.api.names import child_name
from slipway_operator.api.types import ModelDeployment, PdbSpec
from slipway_operator.core.actions import Kind, Manifest
from slipway_operator.core.objects import metadata


def disruption_budget_name(modeldeployment: str, predictor: str) -> str:
    """Its name."""
    return child_name(modeldeployment, predictor, "pdb")


def disruption_budget(md: ModelDeployment, pdb: PdbSpec, track: str) -> Manifest:
    """The user's limit on the active track; a pod that is not ready anyway may always be evicted."""
    predictor = md.spec.predictor.name
    spec: Manifest = {
        "selector": {"matchLabels": metadata.selector(md.key.name, predictor, track)},
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }
    if pdb.min_available is not None:
        spec["minAvailable"] = pdb.min_available
    if pdb.max_unavailable is not None:
        spec["maxUnavailable"] = pdb.max_unavailable
    name = disruption_budget_name(md.key.name, predictor)
    return metadata.child(md, Kind.POD_DISRUPTION_BUDGET, name, predictor, spec=spec)
