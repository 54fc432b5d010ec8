"""Manifests for tests: a minimal ModelDeployment, and changes to it by path.

A path is written with dots, list positions as numbers: `spec.predictors.0.graph.modelUri`.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

Json = dict[str, Any]

PREDICTOR = "spec.predictors.0"
GRAPH = f"{PREDICTOR}.graph"
HPA = f"{PREDICTOR}.hpaSpec"
REMOVED: Any = object()
"""As a new value: takes the key away."""


def minimal(name: str = "iris") -> Json:
    """The smallest ModelDeployment that works."""
    return {
        "apiVersion": "slipway.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name},
        "spec": {
            "predictors": [{"name": "main", "graph": {"name": "iris", "modelUri": "s3://models/iris/3"}}]
        },
    }


def changed(manifest: Json, changes: Mapping[str, Any]) -> Json:
    """A copy of `manifest` with the value at each path replaced."""
    result = deepcopy(manifest)
    for path, value in changes.items():
        *parents, last = (int(step) if step.isdigit() else step for step in path.split("."))
        node: Any = result
        for step in parents:
            node = node.setdefault(step, {}) if isinstance(node, dict) else node[step]
        if value is REMOVED:
            del node[last]
        else:
            node[last] = value
    return result
