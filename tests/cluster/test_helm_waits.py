"""`helm install --wait` of a chart with a model in it returns when the model serves, or says why not."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import yaml

from live_kube import condition
from live_model import WRONG_DIGEST, LiveModel, is_ready, manifest
from live_world import World
from slipway_demo.shell import Shell

WAITS = ("--wait", "--timeout=60s")


class Chart:
    """A chart of one ModelDeployment, and helm for it."""

    def __init__(self, shell: Shell, namespace: str, folder: Path) -> None:
        self._shell = shell
        self._namespace = namespace
        self._folder = folder
        (folder / "templates").mkdir()
        (folder / "Chart.yaml").write_text("apiVersion: v2\nname: models\nversion: 0.1.0\n")

    def deploy(self, uri: str, **graph: Any) -> CompletedProcess[str]:
        """`helm upgrade --install --wait`."""
        model = manifest(self._namespace, "iris", uri, predictor={"graph": graph})
        (self._folder / "templates" / "model.yaml").write_text(yaml.safe_dump(model))
        options = (f"--namespace={self._namespace}", *WAITS)
        return self._shell.attempt("helm", "upgrade", "--install", "models", str(self._folder), *options)


@pytest.fixture
def chart(world: World, namespace: str, tmp_path: Path) -> Chart:
    """In a folder of its own."""
    return Chart(world.shell, namespace, tmp_path)


def test_helm_returns_when_the_model_serves_and_fails_in_the_models_own_words(
    world: World, namespace: str, chart: Chart
) -> None:
    """A pipeline goes on when the new version serves, not before, and shows its reader what is wrong."""
    model = LiveModel(world, namespace)
    for uri, expected in zip(world.uris, world.models, strict=True):
        done = chart.deploy(uri)
        assert done.returncode == 0, done.stderr
        assert is_ready(world.kube.require(model.ref))
        model.ask(expected)
    failed = chart.deploy(world.files[0], modelDigest=WRONG_DIGEST)
    assert failed.returncode != 0
    stalled = world.kube.require(model.ref)
    assert condition(stalled, "Stalled")["status"] == "True"
    assert "Failed" in failed.stderr
    assert condition(stalled, "Stalled")["message"][:60] in failed.stderr, json.dumps(stalled["status"])
    model.ask(world.models[1])
