"""What every child carries: its name, labels that find it, references that delete it with its owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from slipway_operator.api import names
from slipway_operator.api.types import ModelDeployment
from slipway_operator.core.actions import Kind, Manifest

API_VERSIONS: Final[dict[Kind, str]] = {
    Kind.DEPLOYMENT: "apps/v1",
    Kind.CONTROLLER_REVISION: "apps/v1",
    Kind.SERVICE: "v1",
    Kind.HORIZONTAL_POD_AUTOSCALER: "autoscaling/v2",
    Kind.POD_DISRUPTION_BUDGET: "policy/v1",
}


def labels(modeldeployment: str, predictor: str) -> dict[str, str]:
    """The labels of every child and pod."""
    return {
        names.LABEL_MODELDEPLOYMENT: modeldeployment,
        names.LABEL_PREDICTOR: predictor,
        names.LABEL_MANAGED_BY: names.MANAGED_BY,
        names.LABEL_NAME: modeldeployment,
    }


def selector(modeldeployment: str, predictor: str, track: str) -> dict[str, str]:
    """What selects the pods of one set, for Services, Deployments and disruption budgets alike."""
    return {
        names.LABEL_MODELDEPLOYMENT: modeldeployment,
        names.LABEL_PREDICTOR: predictor,
        names.LABEL_TRACK: track,
    }


def child(
    md: ModelDeployment,
    kind: Kind,
    name: str,
    predictor: str,
    *,
    annotations: Mapping[str, str] | None = None,
    extra_labels: Mapping[str, str] | None = None,
    **rest: Any,
) -> Manifest:
    """A child's manifest: identity and metadata, and `rest` at the top level.

    The controller reference has no blockOwnerDeletion: that would need a rule on finalizers. The
    parent's own labels and annotations are never copied: a GitOps tool would take us for its own.
    """
    return {
        "apiVersion": API_VERSIONS[kind],
        "kind": str(kind),
        "metadata": {
            "name": name,
            "namespace": md.key.namespace,
            "labels": labels(md.key.name, predictor) | dict(extra_labels or {}),
            "annotations": {names.ANNOTATION_OWNER: md.uid} | dict(annotations or {}),
            "ownerReferences": [
                {
                    "apiVersion": names.API_VERSION,
                    "kind": names.KIND,
                    "name": md.key.name,
                    "uid": md.uid,
                    "controller": True,
                }
            ],
        },
        **rest,
    }
