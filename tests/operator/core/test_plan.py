"""The order of writes, what ends a plan early, and what is never touched."""

from __future__ import annotations

from typing import Any

import pytest

from builders import NAMESPACE
from scenes import revisions, settled
from simulator import CHILDREN, Scene
from slipway_operator.core.actions import Create, Delete, SetReplicas, Update
from workflow_steps import autoscaled

CPU = {"requests": {"cpu": "100m"}}


def order(scene: Scene) -> list[str]:
    """The writes of the next look, in two words each."""
    return [f"{type(write).__name__} {write.ref.kind}" for write in scene.operator.decision().writes]


def test_a_creation_is_in_an_order_that_may_stop_anywhere() -> None:
    """Stored before started, started before selected, selected before scaled."""
    scene = Scene()
    scene.apply(lambda md: md.hpa().predictor(resources=CPU, pdbSpec={"maxUnavailable": 1}))

    assert order(scene) == [
        "Create ControllerRevision",
        "Create Deployment",
        "Create Service",
        "Create PodDisruptionBudget",
        "Create HorizontalPodAutoscaler",
    ]


def test_an_autoscaler_goes_before_its_size_is_taken_back() -> None:
    """The other way round it would write once more."""
    scene = Scene()
    autoscaled(scene)
    scene.settle()
    scene.apply(lambda md: md.predictor(hpaSpec=None).replicas(3))

    assert order(scene) == ["Delete HorizontalPodAutoscaler", "SetReplicas Deployment"]


def test_a_size_is_handed_over_right_before_it_is_first_left_out() -> None:
    """One write more, and only where it is needed."""
    scene = settled()
    scene.apply(lambda md: md.model("s3://models/iris/2"))

    assert order(scene)[1:] == ["SetReplicas Deployment", "Update Deployment"]
    scene.settle()
    scene.apply(lambda md: md.model("s3://models/iris/3"))

    assert order(scene)[1:] == ["Update Deployment"]


def test_a_template_is_replaced_alone_and_the_rest_follows_at_once() -> None:
    """Two writes guarded by one version cannot both succeed."""
    scene = settled()
    child = scene.child("Deployment")
    child["spec"]["template"]["spec"]["hostNetwork"] = True
    scene.world.put(child)
    scene.apply(lambda md: md.model("s3://models/iris/2").replicas(3))

    decision = scene.operator.decision()

    assert [type(write).__name__ for write in decision.writes] == ["Create", "Replace"]
    assert decision.requeue_after == 0


def test_our_own_leftovers_go_with_the_next_change_and_cost_no_restart() -> None:
    """What a replacement once wrote is ours; taking it away alone would restart pods for nothing."""
    scene = settled(lambda md: md.predictor(env=[{"name": "TZ", "value": "UTC"}]))
    child = scene.child("Deployment")
    server = child["spec"]["template"]["spec"]["containers"][0]
    server["env"][0]["value"] = "CET"
    server["env"].append({"name": "EXTRA", "value": "1"})
    scene.world.put(child)
    scene.settle()
    assert order(scene) == []

    scene.apply(lambda md: md.predictor(env=None))
    scene.settle()

    names = [
        item["name"] for item in scene.child("Deployment")["spec"]["template"]["spec"]["containers"][0]["env"]
    ]
    assert not {"TZ", "EXTRA"} & set(names)
    assert order(scene) == []


@pytest.mark.parametrize("kind", ["Deployment", "Service", "ControllerRevision"])
def test_a_name_that_a_stranger_holds_ends_the_plan_before_it(kind: str) -> None:
    """The stranger's object stays byte-identical, and the user is told what to do."""
    twin = settled().child(kind)
    scene = Scene()
    scene.apply()
    stranger = {**twin, "metadata": {**twin["metadata"], "ownerReferences": [], "annotations": {}}}
    scene.world.create(stranger, "somebody")
    before = scene.world.get(kind, NAMESPACE, twin["metadata"]["name"])

    scene.settle()

    assert scene.world.get(kind, NAMESPACE, twin["metadata"]["name"]) == before
    assert f"Create {kind}" not in order(scene)
    assert scene.conditions()["Ready"] == ("False", "NameConflict")
    assert scene.conditions()["Stalled"] == ("True", "NameConflict")


def test_a_child_of_a_deleted_namesake_is_waited_for() -> None:
    """It goes by itself; nobody has to do anything."""
    scene = settled()
    md = scene.world.get("ModelDeployment", NAMESPACE, "iris")
    scene.world.delete("ModelDeployment", NAMESPACE, "iris", uid=md["metadata"]["uid"])
    scene.apply()
    scene.operator.look()

    assert scene.conditions()["Ready"] == ("False", "WaitingForCleanup")
    assert "Stalled" not in scene.conditions()
    scene.settle()
    scene.expect_done()


def test_a_child_that_is_being_deleted_is_waited_for() -> None:
    """Somebody's finalizer holds it; writing to it would be in vain."""
    scene = settled()
    child = scene.child("Service")
    child["metadata"]["deletionTimestamp"] = "2026-11-21T10:00:00Z"
    scene.world.put(child)
    scene.operator.look()

    assert order(scene) == []
    assert scene.conditions()["Ready"] == ("False", "WaitingForCleanup")


def edited_history(scene: Scene, change: Any) -> None:
    """Somebody replaces the content of the desired revision."""
    child = scene.child("ControllerRevision")
    scene.world.delete("ControllerRevision", NAMESPACE, child["metadata"]["name"])
    for name in ("uid", "resourceVersion", "managedFields"):
        del child["metadata"][name]
    change(child["data"]["template"]["spec"])
    scene.world.create(child)


@pytest.mark.parametrize(
    "change",
    [
        lambda spec: spec.update(hostNetwork=True),
        lambda spec: spec.update(serviceAccountName="admin"),
        lambda spec: spec["initContainers"][0].update(args=["pull", "s3://evil/x", "/mnt/model"]),
    ],
)
def test_edited_history_is_not_run_and_what_serves_stays(change: Any) -> None:
    """The operator must not lend its rights to whoever may write ControllerRevisions."""
    scene = settled()
    before = scene.child("Deployment")
    edited_history(scene, change)

    scene.settle()

    assert scene.child("Deployment") == before
    assert scene.conditions()["Stalled"] == ("True", "NameConflict")
    scene.world.delete("ControllerRevision", NAMESPACE, revisions(scene)[0].object_name)
    scene.settle()
    scene.expect_done()


def test_every_write_names_the_object_it_was_decided_for() -> None:
    """Nothing may be written to another object that took the name meanwhile."""
    scene = settled()
    scene.apply(lambda md: md.model("s3://models/iris/2").replicas(3).predictor(pdbSpec={"minAvailable": 1}))
    uids = {obj["metadata"]["uid"] for kind in CHILDREN for obj in scene.world.list(kind, NAMESPACE)}

    for write in scene.operator.decision().writes:
        if isinstance(write, Create):
            assert write.owner_uid == scene.operator.modeldeployment().uid
        else:
            assert isinstance(write, Update | SetReplicas | Delete)
            assert write.uid in uids


def test_events_say_what_was_done() -> None:
    """Each step once, in words."""
    scene = settled()
    scene.apply(lambda md: md.model("s3://models/iris/2").replicas(3))
    scene.operator.events.clear()
    scene.settle()

    assert [event.reason for event in scene.operator.events] == [
        "RevisionCreated",
        "Scaled",
        "RollingOut",
        "Promoted",
    ]


def test_a_repair_says_what_was_wrong() -> None:
    """Whoever edits a child by hand learns from the Event why it does not last."""
    scene = settled()
    child = scene.child("Service")
    child["spec"]["selector"]["tier"] = "gold"
    scene.world.put(child)
    scene.settle()

    (event,) = [event for event in scene.operator.events if event.reason == "Repaired"]
    assert event.message == "Repaired Service iris: spec.selector.tier is 'gold' instead of absent"


def test_a_revision_that_still_runs_is_not_pruned() -> None:
    """Even with no history at all, what the Deployment holds stays until it holds something else."""
    scene = settled(lambda md: md.spec(revisionHistoryLimit=0))
    scene.apply(lambda md: md.model("s3://models/iris/2"))
    scene.operator.look()
    scene.apply(lambda md: md.model("s3://models/iris/3"))

    assert "Delete ControllerRevision" not in order(scene)
    scene.settle()
    assert len(scene.world.list("ControllerRevision", NAMESPACE)) == 1
