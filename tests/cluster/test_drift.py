"""What somebody changes by hand under a model is put back within seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from live_model import LiveModel
from live_paths import Json
from live_world import World

REPAIRED_WITHIN = 10.0


@pytest.fixture(scope="module")
def model(world: World) -> Iterator[LiveModel]:
    """One ready model for all of them: each repair leaves it as it was."""
    namespace = world.namespace("drift")
    made = LiveModel(world, namespace)
    made.apply(world.uris[0], replicas=1, predictor={"pdbSpec": {"maxUnavailable": 1}})
    made.until_ready()
    yield made
    world.kubectl("delete", "namespace", namespace, "--wait=false")


@pytest.mark.parametrize("kind", ["Service", "PodDisruptionBudget", "Deployment"])
def test_a_deleted_child_comes_back(world: World, model: LiveModel, kind: str) -> None:
    """Somebody cleans up too eagerly: the model is served again before anybody is called."""
    ref = model.child(kind)
    uid = world.kube.require(ref)["metadata"]["uid"]
    world.kube.delete(ref)
    world.kube.until(
        ref, "a new object of that name", lambda one: one["metadata"]["uid"] != uid, seconds=REPAIRED_WITHIN
    )
    model.until_ready()
    model.ask(world.models[0])


@dataclass(frozen=True)
class Edit:
    """A change by hand, and how to see that it is undone."""

    kind: str
    change: Json
    undone: Callable[[Json], bool]

    def __str__(self) -> str:
        return f"{self.kind} {self.change}"


EDITS = [
    Edit(
        "Service",
        {"spec": {"selector": {"slipway.dev/track": "elsewhere"}}},
        lambda one: one["spec"]["selector"]["slipway.dev/track"] != "elsewhere",
    ),
    Edit(
        "Service",
        {"metadata": {"labels": {"slipway.dev/modeldeployment": "somebody-elses"}}},
        lambda one: one["metadata"]["labels"]["slipway.dev/modeldeployment"] == "iris",
    ),
    Edit("Deployment", {"spec": {"minReadySeconds": 30}}, lambda one: not one["spec"].get("minReadySeconds")),
    Edit("Deployment", {"spec": {"replicas": 2}}, lambda one: one["spec"]["replicas"] == 1),
    Edit(
        "PodDisruptionBudget",
        {"spec": {"maxUnavailable": 0}},
        lambda one: one["spec"]["maxUnavailable"] == 1,
    ),
]


@pytest.mark.parametrize("edit", EDITS, ids=str)
def test_an_edited_child_is_put_back(world: World, model: LiveModel, edit: Edit) -> None:
    """A hand in the wrong object must not outlive the next look."""
    ref = model.child(edit.kind)
    world.kube.patch(ref, edit.change)
    world.kube.until(ref, f"the end of {edit.change}", edit.undone, seconds=REPAIRED_WITHIN)
    model.until_ready()
