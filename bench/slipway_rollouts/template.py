"""The pod template that both controllers get: the one that Slipway's operator makes of a ModelDeployment.

It is rendered by the operator's own code, without a cluster. In Argo's Rollout it carries labels of the
user's, as many as Slipway's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from slipway_operator.cli.render import render

Json = dict[str, Any]


@dataclass(frozen=True)
class Wish:
    """What a user asks of both contestants.

    Attributes:
        replicas: pods of a model.
        gated: whether an update waits for a person.
        delay: seconds for which the old set stays after the switch; both contestants' default.
        image: that the pods run.
        secret: with the credentials that fetching the model needs; empty: none.
    """

    replicas: int = 1
    gated: bool = False
    delay: int = 30
    image: str = "slipway-runtime:0.1.0"
    secret: str = ""


def modeldeployment(namespace: str, name: str, model: int, wish: Wish) -> Json:
    """A blue-green ModelDeployment that serves that version of the model."""
    graph = {"name": "iris", "modelUri": f"s3://models/iris/{model}"}
    if wish.secret:
        graph["envSecretRefName"] = wish.secret
    gate = {"autoPromotionEnabled": not wish.gated, "scaleDownDelaySeconds": wish.delay}
    return {
        "apiVersion": "slipway.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "replicas": wish.replicas,
            "strategy": {"type": "BlueGreen", "blueGreen": gate},
            "predictors": [
                {
                    "name": "main",
                    "graph": graph,
                    "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}},
                }
            ],
        },
    }


def rendered(manifest: Json, kind: str, image: str) -> Json:
    """The first object of a kind that the operator would make of a ModelDeployment.

    Raises:
        ValueError: the operator would refuse it.
    """
    found = render(yaml.safe_dump(manifest), image)
    if found.errors:
        raise ValueError("; ".join(found.errors))
    objects: list[Json] = list(yaml.safe_load_all(found.text))
    return next(each for each in objects if each["kind"] == kind)


def pod_spec(manifest: Json, image: str) -> Json:
    """The spec of its pods."""
    spec: Json = rendered(manifest, "Deployment", image)["spec"]["template"]["spec"]
    return spec
