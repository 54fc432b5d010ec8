"""The operator is killed at every write of every workflow, and the next one always gets to the same end.

Each workflow is played in front of the real API server, controllers and scheduler, once for every third
write; with SLIPWAY_KILL_POINTS=all, which takes nine times as long, for every write and each of three moments
around it. Only the node is made up.
"""

from __future__ import annotations

import gc
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import live_operator
from api_server import ApiServer
from fake_node import FakeNode
from kill_points import Play, Theatre, Workflow, has_reason, is_gone, is_ready

# A proxy goes with requests under way; what is left of their connections is collected before the module ends.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SIDE_BY_SIDE = 3
ALL = os.environ.get("SLIPWAY_KILL_POINTS", "") == "all"
"""Else every third write is met, in one of the three moments in turn."""

AT_LEAST = 150 if ALL else 30
"""Points, over all workflows."""

DELAYS = {"scaleDownDelaySeconds": 1, "abortScaleDownDelaySeconds": 1}
BLUE_GREEN = {"type": "BlueGreen", "blueGreen": DELAYS}
GATED = {"type": "BlueGreen", "blueGreen": {**DELAYS, "autoPromotionEnabled": False}}
HPA = {"minReplicas": 2, "maxReplicas": 4}
REQUESTS = {"requests": {"cpu": "10m"}}


def first(play: Play) -> None:
    """Two pods of the first model, ready."""
    _two(play)


def second(play: Play) -> None:
    """Another model, ready."""
    play.apply(version=2)
    play.until("Ready", is_ready)


def blue(play: Play) -> None:
    """The same, blue-green from the start."""
    _two(play, strategy=BLUE_GREEN)


def _two(play: Play, **spec: Any) -> None:
    predictor = {"resources": REQUESTS, "pdbSpec": {"maxUnavailable": 1}}
    play.apply(version=1, replicas=2, predictor=predictor, **spec)
    play.until("Ready", is_ready)


def gated(play: Play) -> None:
    """A second model at the gate."""
    play.apply(version=2, strategy=GATED)
    play.until("the gate", has_reason("Ready", "AwaitingPromotion"))


def scaled_by_hpa(play: Play) -> None:
    """Its size is an autoscaler's."""
    play.apply(replicas=None, predictor={"hpaSpec": HPA})
    play.until("Ready", is_ready)


def promote(play: Play) -> None:
    """The revision at the gate."""
    status = play.kube.require(play.ref)["status"]
    play.annotate(promote=status["predictors"][0]["previewRevision"])


def abort(play: Play) -> None:
    """Likewise."""
    status = play.kube.require(play.ref)["status"]
    play.annotate(abort=status["predictors"][0]["previewRevision"])


def drift(play: Play) -> None:
    """A hand takes the Service away and puts another image into the Deployment."""
    [deployment] = play.children("Deployment")
    ref = play.stage.ref("Deployment", deployment["metadata"]["name"])
    containers = deployment["spec"]["template"]["spec"]["containers"]
    changed = [{**one, "image": "example.com/other:1"} for one in containers]
    play.kube.patch(ref, {"spec": {"template": {"spec": {"containers": changed}}}})
    play.kube.delete(play.stage.ref("Service", play.name))


WORKFLOWS = (
    Workflow(name="create", act=lambda play: play.apply(version=1, replicas=2), ends=is_ready),
    Workflow(name="scale", before=(first,), act=lambda play: play.apply(replicas=3), ends=is_ready),
    Workflow(name="rolling", before=(first,), act=lambda play: play.apply(version=2), ends=is_ready),
    Workflow(name="rollback", before=(first, second), act=lambda play: play.apply(version=1), ends=is_ready),
    Workflow(name="blue-green", before=(blue,), act=lambda play: play.apply(version=2), ends=is_ready),
    Workflow(name="promote", before=(blue, gated), act=promote, ends=is_ready),
    Workflow(name="abort", before=(blue, gated), act=abort, ends=has_reason("Stalled", "Aborted")),
    Workflow(
        name="strategy to blue-green",
        before=(first,),
        act=lambda play: play.apply(strategy=BLUE_GREEN),
        ends=is_ready,
    ),
    Workflow(
        name="strategy to rolling",
        before=(blue,),
        act=lambda play: play.apply(strategy={"type": "RollingUpdate"}),
        ends=is_ready,
    ),
    Workflow(
        name="autoscaler on",
        before=(first,),
        act=lambda play: play.apply(replicas=None, predictor={"hpaSpec": HPA}),
        ends=is_ready,
    ),
    Workflow(
        name="autoscaler off",
        before=(first, scaled_by_hpa),
        act=lambda play: play.apply(replicas=2, predictor={"hpaSpec": None}),
        ends=is_ready,
    ),
    Workflow(
        name="restart",
        before=(first,),
        act=lambda play: play.apply(rollout={"restartAt": "2026-01-01T00:00:00Z"}),
        ends=is_ready,
    ),
    Workflow(name="repair after drift", before=(first,), act=drift, ends=is_ready),
    Workflow(
        name="delete in mid-create",
        act=lambda play: play.apply(version=1, replicas=2),
        undisturbed=is_ready,
        after_kill=lambda play: play.kube.delete(play.ref),
        ends=is_gone,
    ),
)


@pytest.fixture(scope="module")
def points(api_server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """By workflow: each point and what is wrong about its end, if anything."""

    def play_all(workflow: Workflow, folder: Path) -> dict[str, str]:
        namespace = f"kill-{uuid4().hex[:8]}"
        api_server.kubectl("create", "namespace", namespace)
        with (
            live_operator.stage(api_server, namespace, folder) as stage,
            Theatre(stage, folder) as theatre,
        ):
            writes, end = theatre.rehearse(workflow)
            found = dict(theatre.points(workflow, end, writes, thorough=ALL))
        api_server.kubectl("delete", "namespace", namespace, "--wait=false")
        sys.stderr.write(f"\n{workflow.name}: {writes} writes, killed at {len(found)} points\n")
        return found

    with FakeNode(api_server.http), ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        names = [workflow.name for workflow in WORKFLOWS]
        folders = [tmp_path_factory.mktemp("kill") for _ in WORKFLOWS]
        played = dict(zip(names, pool.map(play_all, WORKFLOWS, folders), strict=True))
    gc.collect()
    return played


@pytest.mark.parametrize("workflow", [workflow.name for workflow in WORKFLOWS])
def test_wherever_the_operator_dies_the_next_one_gets_to_the_same_end(
    points: dict[str, dict[str, str]], workflow: str
) -> None:
    """A node can die at any moment; nobody should have to look what it left behind."""
    wrong = {point: what for point, what in points[workflow].items() if what}
    assert wrong == {}


def test_it_was_killed_often_enough(points: dict[str, dict[str, str]]) -> None:
    """A test that kills nowhere proves nothing."""
    assert sum(map(len, points.values())) >= AT_LEAST
