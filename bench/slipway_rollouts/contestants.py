"""The two controllers: how each is started, what its user creates and changes, and when that is done.

Both run as their documentation says, with leader election, logging and every default. Argo's default client
makes 40 requests a second; a third run lifts that limit, so that nobody has to wonder what it costs.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway_demo.platform import ROOT
from slipway_rollouts import argo_objects
from slipway_rollouts.argo_objects import is_healthy, is_paused
from slipway_rollouts.programs import argo_controller, argo_crds, argo_version
from slipway_rollouts.template import Json, Wish, modeldeployment

NAMESPACE = "models"
UNLIMITED = ("--qps=1000", "--burst=2000")
MODELS = f"/apis/slipway.dev/v1alpha1/namespaces/{NAMESPACE}/modeldeployments"
ROLLOUTS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/rollouts"
SERVICES = f"/api/v1/namespaces/{NAMESPACE}/services"


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
        changed: a merge patch for another model, from a name and the model.
        done: whether an object serves what its spec asks for now.
        gated: whether what its spec asks for now is up and waits for a person.
        promoted: path and merge patch with which a person promotes such an object.
    """

    key: str
    title: str
    crds: Callable[[], list[Path]]
    command: Callable[[Path], list[str]]
    collection: str
    created: Callable[[str], list[tuple[str, Json]]]
    changed: Callable[[str, int], Json]
    done: Callable[[Mapping[str, Any]], bool]
    gated: Callable[[Mapping[str, Any]], bool]
    promoted: Callable[[Mapping[str, Any]], tuple[str, Json]]

    @property
    def user(self) -> str:
        """Who its writes are by, in the audit log."""
        return f"system:serviceaccount:{self.key}:{self.key}"


def slipway(wish: Wish) -> Contestant:
    """Slipway's operator."""

    def manifest(name: str, model: int = 1) -> Json:
        return modeldeployment(NAMESPACE, name, model, wish)

    return Contestant(
        key="slipway",
        title="Slipway",
        crds=lambda: [ROOT / "crds" / "modeldeployments.yaml"],
        command=lambda kubeconfig: _slipway_command(kubeconfig, wish.image),
        collection=MODELS,
        created=lambda name: [(MODELS, manifest(name))],
        changed=lambda name, model: {"spec": {"predictors": manifest(name, model)["spec"]["predictors"]}},
        done=lambda obj: _ready(obj).get("status") == "True",
        gated=lambda obj: _ready(obj).get("reason") == "AwaitingPromotion",
        promoted=_promotion,
    )


def argo(wish: Wish, *, unlimited: bool = False) -> Contestant:
    """Argo Rollouts; `unlimited`: without its client's limit of requests a second."""
    limits = UNLIMITED if unlimited else ()
    said = f", {' '.join(UNLIMITED)}" if unlimited else ""
    return Contestant(
        key="argo-rollouts",
        title=f"Argo Rollouts {argo_version()}{said}",
        crds=argo_crds,
        command=lambda kubeconfig: [*_argo_command(kubeconfig), *limits],
        collection=ROLLOUTS,
        created=lambda name: [
            *((SERVICES, one) for one in argo_objects.services(NAMESPACE, name, wish)),
            (ROLLOUTS, argo_objects.rollout(NAMESPACE, name, wish)),
        ],
        changed=lambda name, model: {"spec": {"template": argo_objects.template(name, model, wish)}},
        done=is_healthy,
        gated=is_paused,
        promoted=lambda obj: (
            f"{ROLLOUTS}/{obj['metadata']['name']}/status",
            {"status": {"pauseConditions": None}},
        ),
    )


def _slipway_command(kubeconfig: Path, image: str) -> list[str]:
    options = ["--kubeconfig", str(kubeconfig), "--lease-namespace", "slipway", "--port", "0"]
    return [sys.executable, "-m", "slipway_operator", "run", *options, "--runtime-image", image]


def _argo_command(kubeconfig: Path) -> list[str]:
    ports = (f"--metricsPort={_free_port()}", f"--healthzPort={_free_port()}")
    return [str(argo_controller()), f"--kubeconfig={kubeconfig}", *ports]


def _ready(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """The condition Ready, if it is about this very spec; else an empty one."""
    conditions = obj.get("status", {}).get("conditions", ())
    ready: Mapping[str, Any] = next((one for one in conditions if one["type"] == "Ready"), {})
    return ready if ready.get("observedGeneration") == obj["metadata"]["generation"] else {}


def _promotion(obj: Mapping[str, Any]) -> tuple[str, Json]:
    revision = obj["status"]["predictors"][0]["previewRevision"]
    promote = {"metadata": {"annotations": {"slipway.dev/promote": revision}}}
    return f"{MODELS}/{obj['metadata']['name']}", promote


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
