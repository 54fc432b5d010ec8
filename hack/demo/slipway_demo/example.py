"""The example that the demo serves, and kubectl's words for working with it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import yaml

from slipway_demo.console import Console
from slipway_demo.platform import ROOT
from slipway_demo.shell import DemoError, Shell

FILE = ROOT / "examples" / "iris.yaml"
NAMESPACE = "slipway-demo"
READY_WITHIN = 180


class Example:
    """One ModelDeployment in the demo's namespace, from its manifest in examples/."""

    def __init__(self, console: Console, shell: Shell, file: Path = FILE) -> None:
        self._console = console
        self._shell = shell
        self._manifest: dict[str, Any] = yaml.safe_load(file.read_text())
        self.file = file.relative_to(ROOT)

    @property
    def name(self) -> str:
        """The ModelDeployment's."""
        return str(self._manifest["metadata"]["name"])

    @property
    def model_name(self) -> str:
        """What the served model is called in a request's path."""
        return str(self._manifest["spec"]["predictors"][0]["graph"]["name"])

    @property
    def uri(self) -> str:
        """The model that the manifest asks for."""
        return str(self._manifest["spec"]["predictors"][0]["graph"]["modelUri"])

    @property
    def url(self) -> str:
        """Its Service, as the cluster's network knows it."""
        return f"http://{self.name}.{NAMESPACE}.svc"

    def apply(self, strategy: dict[str, Any] | None = None, **predictor: Any) -> None:
        """Applies the manifest; `predictor` replaces or adds fields of its predictor."""
        manifest = copy.deepcopy(self._manifest)
        manifest["spec"]["predictors"][0] |= predictor
        if strategy:
            manifest["spec"]["strategy"] = strategy
        if "hpaSpec" in predictor:
            manifest["spec"].pop("replicas", None)
        self.kubectl("apply", "--filename=-", text=json.dumps(manifest))

    def apply_model(self, uri: str, strategy: dict[str, Any] | None = None, **predictor: Any) -> None:
        """Applies the manifest with another model, and other fields if there are any."""
        graph = self._manifest["spec"]["predictors"][0]["graph"]
        self.apply(strategy, graph=graph | {"modelUri": uri}, **predictor)

    def wait_ready(self) -> float:
        """Waits for Ready and shows the object; returns the seconds it took. Raises DemoError."""
        begin = self._console.seconds()
        waiting = ("wait", f"mdep/{self.name}", "--for=condition=Ready", f"--timeout={READY_WITHIN}s")
        done = self._shell.attempt(*self._command(*waiting))
        took = self._console.seconds() - begin
        if done.returncode:
            raise DemoError(f"{self.name} is not Ready after {took:.0f} s:\n{self.state()}\n{self._causes()}")
        self._console.say(self.state())
        return took

    def state(self) -> str:
        """What `kubectl get` shows."""
        return self.kubectl("get", "mdep", self.name)

    def status(self) -> dict[str, Any]:
        """The object's status."""
        status: dict[str, Any] = json.loads(self.kubectl("get", "mdep", self.name, "--output=json"))["status"]
        return status

    def kubectl(self, *words: str, text: str = "") -> str:
        """Kubectl in the demo's namespace."""
        return self._shell.read(*self._command(*words), text=text)

    def _command(self, *words: str) -> tuple[str, ...]:
        return ("kubectl", f"--namespace={NAMESPACE}", *words)

    def _causes(self) -> str:
        asked = ("get", "pods"), ("get", "events", "--sort-by=.lastTimestamp")
        return "\n".join(self._shell.attempt(*self._command(*words)).stdout for words in asked)
