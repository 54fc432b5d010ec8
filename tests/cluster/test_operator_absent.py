"""What serves does not need the operator; what it left half done, the next one finishes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from live_model import LiveModel, is_ready, rolls_on_from
from live_paths import Ref
from live_world import SYSTEM, World

CHILDREN = ("Service", "Deployment", "ControllerRevision", "Pod", "PodDisruptionBudget")


@pytest.fixture
def operator_comes_back(world: World) -> Iterator[None]:
    """Whatever happens in a test, the next one finds an operator."""
    yield
    world.scale_operator(1)


@pytest.mark.usefixtures("operator_comes_back")
def test_deleting_a_model_needs_no_operator(world: World, namespace: str) -> None:
    """No finalizer holds the object: it goes, and everything it owns goes with it."""
    model = LiveModel(world, namespace)
    model.apply(world.uris[0], predictor={"pdbSpec": {"maxUnavailable": 1}})
    model.until_ready()
    world.scale_operator(0)
    world.kube.delete(model.ref, propagationPolicy="Background")
    world.kube.until_gone(model.ref, seconds=10)
    for kind in CHILDREN:
        world.kube.until_count(
            kind, namespace, model.selector, "their end", lambda found: not found, seconds=60
        )


@pytest.mark.usefixtures("operator_comes_back")
def test_an_update_made_while_no_operator_runs_is_carried_out_later(world: World, namespace: str) -> None:
    """The old revision serves on meanwhile, and the new one comes as if nothing had been."""
    model = LiveModel(world, namespace)
    model.apply(world.uris[0])
    model.until_ready()
    world.scale_operator(0)
    applied = model.apply(world.uris[1])
    assert not is_ready(applied), "Ready speaks of the generation it has seen"
    model.ask(world.models[0])
    world.scale_operator(1)
    model.until_ready()
    model.ask(world.models[1])


def test_an_operator_killed_in_mid_update_goes_on_where_it_was(world: World, namespace: str) -> None:
    """SIGKILL leaves no time to tidy up: all that counts is in the cluster, so nothing is done twice."""
    model = LiveModel(world, namespace)
    model.apply(world.uris[0], replicas=2)
    model.until_ready()
    first = model.revision()
    [pod] = world.operator_pods()
    restarts = pod["status"]["containerStatuses"][0]["restartCount"]
    model.apply(world.uris[1], replicas=2)
    world.kube.until(model.child("Deployment"), "the new revision", rolls_on_from(first), seconds=20)
    world.kill("slipway-operator [r]un")
    model.until_ready()
    model.ask(world.models[1])
    assert len(world.kube.all_of("ControllerRevision", namespace, model.selector)) == 2
    world.kube.until(
        Ref("Pod", SYSTEM, pod["metadata"]["name"]),
        "a restarted container",
        lambda one: one["status"]["containerStatuses"][0]["restartCount"] > restarts,
        seconds=30,
    )
    world.scale_operator(1)  # it is one already: waits until that one is available
