"""What a transition of the rollout proof works with: one model under load, and the ways to change it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from live_kube import condition
from live_model import LiveModel, is_ready
from live_paths import Json
from live_world import World
from openloop.plot import STEADY
from openloop.session import Session
from slipway_demo.install import build_images, install_chart
from slipway_demo.platform import PROGRAM

STEADY_SECONDS = 2.5
WITHIN = 150.0
"""For one step: the drain, the delay before an old set goes, and a busy machine."""

DELAY_SECONDS = 5
"""Between a switch and the end of the old set."""

RESOURCES: Json = {"requests": {"cpu": "150m"}, "limits": {"cpu": "500m"}}
"""What a model that has to answer in time asks for: with less, all else on a busy node goes first. Two pods
that start at once take no more than one core to do so: of two, as much is left for those that serve."""

BLUE_GREEN: Json = {"type": "BlueGreen", "blueGreen": {"scaleDownDelaySeconds": DELAY_SECONDS}}
GATED: Json = {
    "type": "BlueGreen",
    "blueGreen": {"scaleDownDelaySeconds": DELAY_SECONDS, "autoPromotionEnabled": False},
}
NOBODYS_IMAGE = "registry.invalid/slipway/runtime:newer"


@dataclass
class Stage:
    """The model, the load on it, and what the spec says now beside the model's URI."""

    world: World
    model: LiveModel
    load: Session
    uri: str
    spec: Json = field(default_factory=lambda: {"replicas": 2})

    def apply(self, uri: str = "", **spec: Any) -> None:
        """Changes the URI, or fields of the spec; None takes a field out."""
        self.uri = uri or self.uri
        self.spec = {name: value for name, value in {**self.spec, **spec}.items() if value is not None}
        predictor = {"resources": RESOURCES, **self.spec.get("predictor", {})}
        self.model.apply(self.uri, **{**self.spec, "predictor": predictor})

    def other(self) -> str:
        """The URI of the model that does not serve now."""
        first, second = self.world.uris
        return second if self.uri == first else first

    def until_ready(self) -> None:
        """What the spec asks for serves."""
        self.model.until_ready(seconds=WITHIN)

    def until_gated(self) -> str:
        """The new revision is up and waits to be promoted; returns its name."""
        gated = self.model.until("AwaitingPromotion for its generation", is_gated, seconds=WITHIN)
        return str(gated["status"]["predictors"][0]["previewRevision"])

    def promote(self, revision: str) -> None:
        """As `kubectl annotate` would: Git stays as it is."""
        self._annotate(f"slipway.dev/promote={revision}")

    def abort(self, revision: str) -> None:
        """Likewise."""
        self._annotate(f"slipway.dev/abort={revision}")

    def settle(self) -> None:
        """Ready, and every pod of another revision is gone, drained."""
        self.until_ready()
        selector = f"{self.model.selector},slipway.dev/revision!={self.model.revision()}"
        self.world.kube.until_count(
            "Pod", self.model.namespace, selector, "their end", lambda found: not found, seconds=WITHIN
        )

    def steady(self) -> None:
        """A stretch without any change, to compare with."""
        self.load.phase(STEADY)
        time.sleep(STEADY_SECONDS)  # the length of the stretch is what is measured

    def evict(self, pod: str) -> bool:
        """Whether the Eviction API let the pod go: what `kubectl drain` does, pod by pod."""
        path = f"/api/v1/namespaces/{self.model.namespace}/pods/{pod}/eviction"
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod, "namespace": self.model.namespace},
        }
        done = self.world.shell.attempt(
            "kubectl", "create", "--raw", path, "--filename=-", text=json.dumps(eviction)
        )
        return done.returncode == 0

    @contextmanager
    def upgraded_operator(self) -> Iterator[None]:
        """Another operator's pod, told another runtime image, inside the block."""
        references = {name: reference for name, (reference, _) in build_images(self.world.shell).items()}
        install_chart(self.world.shell, references | {"runtime": NOBODYS_IMAGE})
        try:
            yield
        finally:
            install_chart(self.world.shell, references)

    @contextmanager
    def without_api_server(self) -> Iterator[None]:
        """No API server inside the block."""
        with self._without("kube-apiserver"):
            yield

    @contextmanager
    def with_stale_nodes(self) -> Iterator[None]:
        """No node hears of new or leaving pods inside the block: it sends where it sent before."""
        with self._without("kube-proxy"):
            yield

    @contextmanager
    def _without(self, component: str) -> Iterator[None]:
        self.world.shell.read(str(PROGRAM), "stop", component)
        try:
            yield
        finally:
            self.world.shell.read(str(PROGRAM), "start", component)

    def _annotate(self, text: str) -> None:
        place = (self.model.name, f"--namespace={self.model.namespace}")
        self.world.kubectl("annotate", "--overwrite", "mdep", *place, text)


def is_gated(obj: Mapping[str, Any]) -> bool:
    """Whether the newest spec's revision waits for somebody to promote it."""
    ready = condition(obj, "Ready")
    return _is_current(obj, ready) and ready.get("reason") == "AwaitingPromotion"


def is_aborted(obj: Mapping[str, Any]) -> bool:
    """Whether an update was given up and the old revision serves on."""
    return condition(obj, "Stalled").get("reason") == "Aborted"


def is_previewed(obj: Mapping[str, Any]) -> bool:
    """Whether the desired revision is up beside the active one."""
    one = obj["status"]["predictors"][0]
    return not is_ready(obj) and one.get("previewRevision") == one.get("desiredRevision") is not None


def _is_current(obj: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    return bool(found.get("observedGeneration") == obj["metadata"]["generation"])
