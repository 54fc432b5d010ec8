"""The pod template that both controllers get: the one that Slipway's operator makes of a ModelDeployment.

It is rendered by the operator's own code, without a cluster. In Argo's Rollout it carries labels of the
user's, as many as Slipway's.
"""

from __future__ import annotations

from typing import Any

import yaml

from slipway_operator.cli.render import render

Json = dict[str, Any]


def modeldeployment(namespace: str, name: str, model: int, *, replicas: int = 1) -> Json:
    """A blue-green ModelDeployment that promotes by itself.

    Args:
        namespace: of the object.
        name: of the object.
        model: which version of the model it serves.
        replicas: of pods.
    """
    return {
        "apiVersion": "slipway.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "replicas": replicas,
            "strategy": {"type": "BlueGreen", "blueGreen": {"autoPromotionEnabled": True}},
            "predictors": [
                {
                    "name": "main",
                    "graph": {"name": "iris", "modelUri": f"s3://models/iris/{model}"},
                    "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}},
                }
            ],
        },
    }


def rendered(manifest: Json, kind: str) -> Json:
    """The first object of a kind that the operator would make of a ModelDeployment.

    Raises:
        ValueError: the operator would refuse it.
    """
    found = render(yaml.safe_dump(manifest), "slipway-runtime:0.1.0")
    if found.errors:
        raise ValueError("; ".join(found.errors))
    objects: list[Json] = list(yaml.safe_load_all(found.text))
    return next(each for each in objects if each["kind"] == kind)


def pod_template(manifest: Json, labels: dict[str, str]) -> Json:
    """The template of its pods under other labels."""
    template: Json = rendered(manifest, "Deployment")["spec"]["template"]
    return {**template, "metadata": {**template["metadata"], "labels": labels}}
