"""What an Argo Rollouts user writes for one blue-green model: a Rollout and the two Services it switches."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from slipway_rollouts.template import Json, Wish, modeldeployment, pod_spec, rendered

LABELS = 6
"""As many as Slipway's pods carry."""


def rollout(namespace: str, name: str, wish: Wish) -> Json:
    """A Rollout with the same pods, replicas, gate and delay as the ModelDeployment."""
    strategy = {
        "activeService": name,
        "previewService": f"{name}-preview",
        "autoPromotionEnabled": not wish.gated,
        "scaleDownDelaySeconds": wish.delay,
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "replicas": wish.replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": template(name, 1, wish),
            "strategy": {"blueGreen": strategy},
        },
    }


def services(namespace: str, name: str, wish: Wish) -> list[Json]:
    """The active and the preview one."""
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"namespace": namespace, "name": each},
            "spec": {"selector": {"app": name}, "ports": _ports(wish)},
        }
        for each in (name, f"{name}-preview")
    ]


def template(name: str, model: int, wish: Wish) -> Json:
    """Slipway's pods, under labels of the user's."""
    labels = {"app": name} | {f"example.com/label-{number}": name for number in range(1, LABELS)}
    return {"metadata": {"labels": labels}, "spec": _spec(model, wish)}


def is_healthy(obj: Mapping[str, Any]) -> bool:
    """As `kubectl argo rollouts status`, for this very spec."""
    return _phase(obj) == "Healthy"


def is_paused(obj: Mapping[str, Any]) -> bool:
    """Whether the new set is up and waits for a person."""
    reasons = [one.get("reason") for one in obj.get("status", {}).get("pauseConditions") or ()]
    return _phase(obj) == "Paused" and "BlueGreenPause" in reasons


def _phase(obj: Mapping[str, Any]) -> str:
    """Of this very spec; Argo writes the generation as text."""
    status = obj.get("status", {})
    current = status.get("observedGeneration") == str(obj["metadata"]["generation"])
    return str(status.get("phase", "")) if current else ""


@cache
def _spec(model: int, wish: Wish) -> Json:
    return pod_spec(modeldeployment("any", "any", model, wish), wish.image)


@cache
def _ports(wish: Wish) -> list[Json]:
    service = rendered(modeldeployment("any", "any", 1, wish), "Service", wish.image)
    ports: list[Json] = service["spec"]["ports"]
    return ports
