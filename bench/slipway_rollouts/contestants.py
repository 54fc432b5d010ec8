"""The two controllers: how each is started, what its user creates and changes, and when that is done.

Both run as their documentation says, with leader election, logging and every default. Argo's default client
makes 40 requests a second; a third run lifts that limit, so that nobody has to wonder what it costs.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from slipway_rollouts.plane import ROOT
from slipway_rollouts.programs import argo_controller, argo_crds, argo_version
from slipway_rollouts.template import Json, modeldeployment, pod_template, rendered

NAMESPACE = "models"
LABELS = 6  # as many as Slipway's pods carry
UNLIMITED = ("--qps=1000", "--burst=2000")


@dataclass(frozen=True)
class Contestant:
    """A controller under comparison.

    Attributes:
        key: short name, also of its namespace and account.
        title: in the table.
        crds: files with its kinds.
        command: its command line, from its kubeconfig's path.
        collection: the API path of the objects that are waited for.
        created: path and manifest of each object that a user makes, from a name; the awaited one comes last.
        changed: what a user changes in the awaited one to get another model: a merge patch, from a name.
        done: whether an object serves what its spec asks for now.
    """

    key: str
    title: str
    crds: Callable[[], list[Path]]
    command: Callable[[Path], list[str]]
    collection: str
    created: Callable[[str], list[tuple[str, Json]]]
    changed: Callable[[str], Json]
    done: Callable[[Mapping[str, Any]], bool]


def slipway() -> Contestant:
    """Slipway's operator."""
    return Contestant(
        key="slipway",
        title="Slipway",
        crds=lambda: [ROOT / "crds" / "modeldeployments.yaml"],
        command=_slipway_command,
        collection=_MODELS,
        created=lambda name: [(_MODELS, modeldeployment(NAMESPACE, name, 1))],
        changed=lambda name: {
            "spec": {"predictors": modeldeployment(NAMESPACE, name, 2)["spec"]["predictors"]}
        },
        done=_is_ready,
    )


def argo(*, unlimited: bool = False) -> Contestant:
    """Argo Rollouts; `unlimited`: without its client's limit of requests a second."""
    limits = UNLIMITED if unlimited else ()
    said = f", {' '.join(UNLIMITED)}" if unlimited else ""
    return Contestant(
        key="argo-rollouts",
        title=f"Argo Rollouts {argo_version()}{said}",
        crds=argo_crds,
        command=lambda kubeconfig: [*_argo_command(kubeconfig), *limits],
        collection=_ROLLOUTS,
        created=_argo_objects,
        changed=lambda name: {"spec": {"template": _template(name, 2)}},
        done=_is_healthy,
    )


_MODELS = f"/apis/slipway.dev/v1alpha1/namespaces/{NAMESPACE}/modeldeployments"
_ROLLOUTS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/rollouts"
_SERVICES = f"/api/v1/namespaces/{NAMESPACE}/services"


def _slipway_command(kubeconfig: Path) -> list[str]:
    options = ["--kubeconfig", str(kubeconfig), "--lease-namespace", "slipway", "--port", "0"]
    return [sys.executable, "-m", "slipway_operator", "run", *options]


def _argo_command(kubeconfig: Path) -> list[str]:
    ports = (f"--metricsPort={_free_port()}", f"--healthzPort={_free_port()}")
    return [str(argo_controller()), f"--kubeconfig={kubeconfig}", *ports]


def _argo_objects(name: str) -> list[tuple[str, Json]]:
    """Two Services and the Rollout that switches between them, as Argo's users write them."""
    rollout = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"namespace": NAMESPACE, "name": name},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": _template(name, 1),
            "strategy": {
                "blueGreen": {
                    "activeService": name,
                    "previewService": f"{name}-preview",
                    "autoPromotionEnabled": True,
                }
            },
        },
    }
    services = [(_SERVICES, _service(each, name)) for each in (name, f"{name}-preview")]
    return [*services, (_ROLLOUTS, rollout)]


def _service(name: str, app: str) -> Json:
    spec = {"selector": {"app": app}, "ports": _ports()}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"namespace": NAMESPACE, "name": name},
        "spec": spec,
    }


def _template(name: str, model: int) -> Json:
    labels = {"app": name} | {f"example.com/label-{number}": name for number in range(1, LABELS)}
    return {**_shared_template(model), "metadata": {"labels": labels}}


@cache
def _shared_template(model: int) -> Json:
    return pod_template(modeldeployment(NAMESPACE, "any", model), {})


@cache
def _ports() -> list[Json]:
    ports: list[Json] = rendered(modeldeployment(NAMESPACE, "any", 1), "Service")["spec"]["ports"]
    return ports


def _is_ready(obj: Mapping[str, Any]) -> bool:
    """As `kubectl wait --for=condition=Ready`, for this very spec."""
    conditions = obj.get("status", {}).get("conditions", ())
    ready: Mapping[str, Any] = next((one for one in conditions if one["type"] == "Ready"), {})
    current = ready.get("observedGeneration") == obj["metadata"]["generation"]
    return bool(current and ready.get("status") == "True")


def _is_healthy(obj: Mapping[str, Any]) -> bool:
    """As `kubectl argo rollouts status`, for this very spec; Argo writes the generation as text."""
    status = obj.get("status", {})
    current = status.get("observedGeneration") == str(obj["metadata"]["generation"])
    return bool(current and status.get("phase") == "Healthy")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
