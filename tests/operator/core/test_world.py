"""The model of an API server that the operator's tests stand on, checked against what 1.35 does."""

from __future__ import annotations

from typing import Any

import pytest

from world import ApiError, World
from world_controllers import Cluster
from world_pods import Outcome

Object = dict[str, Any]
OURS = "slipway"


def deployment(**spec: Any) -> Object:
    """A Deployment as an operator applies it."""
    labels = {"app": "iris"}
    container = {"name": "server", "image": "runtime:1", "resources": {"requests": {"cpu": "1000m"}}}
    puller = {"name": "puller", "image": "runtime:1", "args": ["pull", "s3://models/iris", "/mnt/model"]}
    template = {
        "metadata": {"labels": labels},
        "spec": {"initContainers": [puller], "containers": [container]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "iris", "namespace": "default", "annotations": {"note": "1"}},
        "spec": {"selector": {"matchLabels": labels}, "template": template} | spec,
    }


def live(world: World) -> Object:
    """The Deployment as it is."""
    return world.get("Deployment", "default", "iris")


def test_applying_the_same_thing_twice_changes_nothing() -> None:
    """An operator at rest must not look as if it wrote, whatever spelling a quantity has."""
    world = World()
    first = world.apply(deployment(), OURS)

    second = world.apply(deployment(), OURS, force=True)

    assert second == first
    assert len(world.log) == 1
    assert first["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"] == "1"


def test_a_field_left_out_by_its_only_owner_falls_back_to_the_default() -> None:
    """The trap of `replicas`: dropping it resets a running set to one pod."""
    world = World()
    world.apply(deployment(replicas=5), OURS)

    world.apply(deployment(), OURS, force=True)

    assert live(world)["spec"]["replicas"] == 1


def test_a_field_that_somebody_else_owns_too_survives_being_left_out() -> None:
    """The hand-over of `replicas` between two field managers keeps the pods."""
    world = World()
    world.apply(deployment(replicas=5), OURS)
    sizing = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "iris"},
        "spec": {"replicas": 5},
    }
    world.apply(sizing, "slipway-replicas")

    world.apply(deployment(), OURS, force=True)

    assert live(world)["spec"]["replicas"] == 5


def test_an_unforced_apply_of_a_foreign_field_is_refused() -> None:
    """A create that meets a stranger's object must fail instead of overwriting it."""
    world = World()
    world.apply(deployment(replicas=1), OURS)
    world.scale("Deployment", "default", "iris", 3)

    with pytest.raises(ApiError, match=r"f:spec\.f:replicas \(of kubectl-scale\)"):
        world.apply(deployment(replicas=2), OURS)
    world.apply(deployment(replicas=2), OURS, force=True)

    assert live(world)["spec"]["replicas"] == 2


def test_an_environment_variable_that_somebody_added_survives_an_apply() -> None:
    """`kubectl set env` leaves a field that server-side apply alone cannot take away."""
    world = World()
    world.apply(deployment(), OURS)
    edited = live(world)
    edited["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "EXTRA", "value": "1"}]
    world.put(edited, "kubectl-set")

    after = world.apply(deployment(), OURS, force=True)

    assert after["spec"]["template"]["spec"]["containers"][0]["env"] == [{"name": "EXTRA", "value": "1"}]
    assert [entry["manager"] for entry in after["metadata"]["managedFields"]] == [OURS, "kubectl-set"]


def test_a_list_item_that_its_owner_drops_is_gone() -> None:
    """A container or variable removed from a template must not linger."""
    world = World()
    with_env = deployment()
    with_env["spec"]["template"]["spec"]["containers"][0]["env"] = [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "2"},
    ]
    world.apply(with_env, OURS)
    del with_env["spec"]["template"]["spec"]["containers"][0]["env"][0]

    after = world.apply(with_env, OURS, force=True)

    assert after["spec"]["template"]["spec"]["containers"][0]["env"] == [{"name": "B", "value": "2"}]


@pytest.mark.parametrize("precondition", [{"uid": "uid-9999"}, {"resourceVersion": "1"}])
def test_a_stale_precondition_is_a_conflict(precondition: dict[str, str]) -> None:
    """Nothing may be written to an object other than the one that was looked at."""
    world = World()
    world.apply(deployment(), OURS)
    stale = deployment()
    stale["metadata"] |= precondition

    with pytest.raises(ApiError, match="409 Conflict"):
        world.apply(stale, OURS, force=True)


def test_a_selector_cannot_change() -> None:
    """The plan must never rely on moving a Deployment's selector."""
    world = World()
    world.apply(deployment(), OURS)

    with pytest.raises(ApiError, match="immutable"):
        world.apply(deployment(selector={"matchLabels": {"app": "b"}}), OURS, force=True)


def test_dependents_go_when_their_owner_is_gone() -> None:
    """Deleting a ModelDeployment must work with the operator down."""
    world = World()
    owner = world.apply(deployment(replicas=2), OURS)
    cluster = Cluster(world)
    cluster.settle()
    assert len(world.list("Pod")) == 2

    world.delete("Deployment", "default", "iris", uid=owner["metadata"]["uid"])
    cluster.settle()

    assert world.objects == {}


def test_a_rolling_update_never_goes_below_the_wanted_size() -> None:
    """With maxUnavailable 0 old pods leave only after as many new ones are available."""
    world = World()
    limits = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    world.apply(deployment(replicas=3, strategy=limits), OURS)
    cluster = Cluster(world)
    cluster.settle()
    new = deployment(replicas=3, strategy=limits)
    new["spec"]["template"]["spec"]["initContainers"][0]["args"][1] = "s3://models/iris/2"
    world.apply(new, OURS, force=True)

    fewest = 3
    for _ in range(20):
        cluster.step()
        fewest = min(fewest, live(world)["status"].get("availableReplicas", 0))

    assert fewest == 3
    assert live(world)["status"]["updatedReplicas"] == 3
    assert {pod["spec"]["initContainers"][0]["args"][1] for pod in world.list("Pod")} == {
        "s3://models/iris/2"
    }


def test_pods_that_fail_leave_the_old_ones_serving() -> None:
    """A model that cannot be pulled must not take the running one down."""
    world = World()
    world.apply(deployment(replicas=2), OURS)
    cluster = Cluster(
        world, outcomes={"s3://models/bad": Outcome(state="pull-failed", message="no such key")}
    )
    cluster.settle()
    new = deployment(replicas=2, strategy={"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}})
    new["spec"]["template"]["spec"]["initContainers"][0]["args"][1] = "s3://models/bad"
    world.apply(new, OURS, force=True)
    cluster.settle()

    assert live(world)["status"]["availableReplicas"] == 2
    assert live(world)["status"]["updatedReplicas"] == 1


def test_an_autoscaler_writes_the_size_as_a_manager_of_its_own() -> None:
    """Who owns `replicas` is read from managedFields; the scale subresource shows there."""
    world = World()
    world.apply(deployment(replicas=1), OURS)
    world.apply(
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "iris", "namespace": "default"},
            "spec": {
                "scaleTargetRef": {"kind": "Deployment", "name": "iris"},
                "minReplicas": 2,
                "maxReplicas": 4,
            },
        },
        OURS,
    )
    Cluster(world, wants={"iris": 9}).settle()

    owners = {
        (entry["manager"], entry.get("subresource", "")) for entry in live(world)["metadata"]["managedFields"]
    }
    assert live(world)["spec"]["replicas"] == 4
    assert ("kube-controller-manager", "scale") in owners


def test_endpoint_slices_carry_the_services_labels_and_the_pods_readiness() -> None:
    """The operator finds endpoints by label and counts the ready ones."""
    world = World()
    world.apply(deployment(replicas=2), OURS)
    world.apply(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "iris", "namespace": "default", "labels": {"app": "iris"}},
            "spec": {
                "selector": {"app": "iris"},
                "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
            },
        },
        OURS,
    )
    Cluster(world).settle()

    (found,) = world.list("EndpointSlice", labels={"app": "iris"})
    assert [endpoint["conditions"]["ready"] for endpoint in found["endpoints"]] == [True, True]
