"""One ModelDeployment in a real cluster: applied, waited for, asked."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import slipway_demo.ask
from live_kube import condition
from live_paths import Json, Ref
from live_world import MODEL_NAME, World
from openloop.expect import same
from slipway_demo.models import Trained, inputs
from slipway_demo.store import SECRET

WRONG_DIGEST = "sha256:" + "0" * 64
READY_WITHIN = 60.0
"""Generous: a machine with two busy cores needs a few seconds."""


def manifest(namespace: str, name: str, uri: str, **spec: Any) -> Json:
    """A ModelDeployment of one replica; `spec` is merged over it, `predictor` over its predictor."""
    predictor = {
        "name": "main",
        "graph": {"name": MODEL_NAME, "modelUri": uri, "envSecretRefName": SECRET},
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}},
    }
    predictor = merged(predictor, spec.pop("predictor", {}))
    return {
        "apiVersion": "slipway.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"predictors": [predictor], **spec},
    }


def merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> Json:
    """`base` with `change` merged into it; None removes a field."""
    result = copy.deepcopy(dict(base))
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


def is_ready(obj: Mapping[str, Any]) -> bool:
    """Whether what the present spec asks for is what serves."""
    ready = condition(obj, "Ready")
    return bool(
        ready.get("status") == "True" and ready.get("observedGeneration") == obj["metadata"]["generation"]
    )


def has_ready_replicas(count: int) -> Callable[[Json], bool]:
    """Whether exactly so many replicas are ready, and wanted."""

    def holds(obj: Json) -> bool:
        status = obj.get("status", {})
        return bool(status.get("readyReplicas", 0) == status.get("replicas") == count)

    return holds


def rolls_on_from(revision: str) -> Callable[[Json], bool]:
    """Whether a Deployment's pods are to be of another revision."""

    def holds(deployment: Json) -> bool:
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        return bool(labels["slipway.dev/revision"] != revision)

    return holds


@dataclass(frozen=True)
class AtRest:
    """Models that nobody touches, and since when."""

    models: list[LiveModel]
    namespace: str
    since: datetime


class LiveModel:
    """A ModelDeployment by its name in a namespace of `world`."""

    def __init__(self, world: World, namespace: str, name: str = "iris") -> None:
        self.world = world
        self.namespace = namespace
        self.name = name
        self.ref = Ref("ModelDeployment", namespace, name)
        self.url = f"http://{name}.{namespace}.svc"

    def apply(self, uri: str, **spec: Any) -> Json:
        """Server-side apply; see `manifest`."""
        return self.world.kube.apply(manifest(self.namespace, self.name, uri, **spec))

    def until(self, what: str, holds: Callable[[Json], object], *, seconds: float = READY_WITHIN) -> Json:
        """The object once `holds` says so."""
        return self.world.kube.until(self.ref, what, holds, seconds=seconds)

    def until_ready(self, *, seconds: float = READY_WITHIN) -> Json:
        """The object once what its spec asks for serves."""
        return self.until("Ready=True for its generation", is_ready, seconds=seconds)

    def pods(self) -> list[Json]:
        """Its pods that are not on their way out."""
        pods = self.world.kube.all_of("Pod", self.namespace, self.selector)
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    @property
    def selector(self) -> str:
        """What all its children and pods carry."""
        return f"slipway.dev/modeldeployment={self.name}"

    def child(self, kind: str) -> Ref:
        """Its only child of a kind."""
        found = self.world.kube.all_of(kind, self.namespace, self.selector)
        assert len(found) == 1, (
            f"{len(found)} objects of kind {kind}: {[one['metadata']['name'] for one in found]}"
        )
        return Ref(kind, self.namespace, found[0]["metadata"]["name"])

    def revision(self) -> str:
        """The revision that serves."""
        status = self.world.kube.require(self.ref)["status"]
        return str(status["predictors"][0]["activeRevision"])

    def row(self) -> dict[str, str]:
        """What `kubectl get mdep NAME` shows, by column."""
        shown = self.world.kubectl("get", "mdep", self.name, f"--namespace={self.namespace}")
        header, line = shown.splitlines()
        starts = [header.index(word) for word in header.split()]
        ends = [*starts[1:], None]
        return {
            word: line[start:end].strip()
            for word, start, end in zip(header.split(), starts, ends, strict=True)
        }

    def ask(self, model: Trained) -> set[str]:
        """Asks through the Service about all rows; fails unless every answer is `model`'s. The revisions."""
        script = str(Path(slipway_demo.ask.__file__))
        bodies = json.dumps([{"inputs": inputs(row)} for row in model.rows])
        url = f"{self.url}/v2/models/{MODEL_NAME}/infer"
        answers = json.loads(
            self.world.shell.read(*self.world.cluster.inside(sys.executable, script, url), text=bodies)
        )
        for expected, answer in zip(model.outputs, answers, strict=True):
            served = {output["name"]: output["data"] for output in answer["outputs"]}
            assert same(expected, served), f"expected {expected}, served {served}"
        return {str(answer["revision"]) for answer in answers}
