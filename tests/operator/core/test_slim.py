"""What the store keeps of a child."""

from __future__ import annotations

import json
from typing import Any

import pytest

from builders import NAMESPACE
from scenes import settled
from slipway_operator.core.slim import slim
from world_pods import Outcome

KINDS = (
    "Deployment",
    "Service",
    "ControllerRevision",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "Pod",
    "EndpointSlice",
)


def everything() -> dict[str, dict[str, Any]]:
    """One child of each kind as the server shows it."""
    cpu = {"requests": {"cpu": "100m"}}
    scene = settled(lambda md: md.hpa().predictor(resources=cpu, pdbSpec={"maxUnavailable": 1}))
    return {kind: scene.world.list(kind, NAMESPACE)[0] for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_slimming_twice_changes_nothing(kind: str) -> None:
    """The answer to a write and a watch event of it must be the same to the store."""
    once = slim(everything()[kind])

    assert slim(once) == once
    assert "managedFields" not in once["metadata"]


@pytest.mark.parametrize("kind", ["Deployment", "Pod"])
def test_large_kinds_become_small(kind: str) -> None:
    """A thousand models are kept in the operator's memory."""
    raw = everything()[kind]

    assert len(json.dumps(slim(raw))) < 0.7 * len(json.dumps(raw))


def test_what_decisions_read_of_a_deployment_stays() -> None:
    """Template, size, counts and owners of the size."""
    kept = slim(everything()["Deployment"])

    assert kept["spec"]["template"]["spec"]["containers"][0]["name"] == "server"
    assert kept["status"] == {
        "observedGeneration": 1,
        "replicas": 2,
        "updatedReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
    }
    assert kept["facts"] == {"replicasOwners": ["slipway"]}


def test_a_termination_message_is_cut() -> None:
    """A container may write megabytes; nothing of it may grow the operator."""
    scene = settled()
    scene.cluster.outcomes["s3://models/iris/1"] = Outcome(state="load-failed", message="x" * 100_000)
    scene.cluster.settle()

    (pod, _) = scene.world.list("Pod", NAMESPACE)

    assert len(json.dumps(slim(pod))) < 10_000


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_that_just_came_to_be_is_taken_as_it_is(kind: str) -> None:
    """Status, labels and lists may be missing or null right after creation."""
    bare = {
        "kind": kind,
        "metadata": {"name": "x", "labels": None},
        "spec": None,
        "status": None,
        "endpoints": None,
    }

    assert slim(bare)["metadata"] == {"name": "x"}
