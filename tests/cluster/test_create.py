"""From `kubectl apply` to a served model."""

from __future__ import annotations

import json
import time

from figures import Figures
from live_model import LiveModel
from live_world import SYSTEM, World

SECONDS_TO_READY = 6
"""What a small model should take on two cores; the test itself only asks for Ready."""


def test_a_chart_and_a_manifest_are_all_that_a_served_model_needs(
    world: World, namespace: str, figures: Figures
) -> None:
    """The first minute with Slipway: apply, Ready, the very numbers that the estimator gives."""
    model = LiveModel(world, namespace)
    begin = time.monotonic()
    model.apply(world.uris[0])
    ready = model.until_ready()
    figures.record("apply to Ready=True", time.monotonic() - begin, "s", f"≤ {SECONDS_TO_READY}")
    assert ready["status"]["url"] == model.url
    assert model.ask(world.models[0]) == {model.revision()}
    row = model.row()
    assert (row["NAME"], row["READY"], row["REPLICAS"]) == ("iris", "True", "1/1")
    assert row["REVISION"] == model.revision()


def test_what_came_down_is_told_in_the_status(world: World, namespace: str) -> None:
    """Who serves a mutable URI wants to know which bytes are really there."""
    model = LiveModel(world, namespace)
    model.apply(world.files[0], predictor={"graph": {"modelDigest": world.models[0].digest}})
    pulled = model.until_ready()["status"]["predictors"][0]["model"]
    assert pulled["uri"] == world.files[0]
    assert pulled["digest"] == world.models[0].digest
    assert pulled["sizeBytes"] == len(world.models[0].onnx)


def test_a_pod_gets_nothing_that_it_does_not_need(world: World, namespace: str) -> None:
    """A restricted namespace admits the pods, and credentials reach the puller alone."""
    model = LiveModel(world, namespace)
    model.apply(world.uris[0])
    model.until_ready()
    [pod] = model.pods()
    [puller], [server] = pod["spec"]["initContainers"], pod["spec"]["containers"]
    assert "envFrom" in puller
    assert "envFrom" not in server
    assert not any("token" in json.dumps(volume) for volume in pod["spec"]["volumes"])
    assert [mount["readOnly"] for mount in server["volumeMounts"] if mount["name"] == "model"] == [True]
    assert server["securityContext"]["readOnlyRootFilesystem"] is True


def test_helm_sees_the_release_as_deployed(world: World) -> None:
    """`helm install --wait` came back because the operator is ready, not because it gave up."""
    releases = json.loads(world.shell.read("helm", "list", f"--namespace={SYSTEM}", "--output=json"))
    assert [release["status"] for release in releases] == ["deployed"]
