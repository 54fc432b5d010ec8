"""Single decisions of the rolling strategy, where a replay would not stop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from builders import NAMESPACE
from scenes import settled, the_deployment
from simulator import Scene
from slipway_operator.core.actions import Delete, Update, Write
from workflow_steps import BAD, autoscaled, delete_child
from world_pods import Outcome


def writes(scene: Scene) -> list[Write]:
    """What the operator would write now."""
    return list(scene.operator.decision().writes)


def selected(scene: Scene) -> str:
    """The predictor that the Service would select after this look."""
    for write in writes(scene):
        if isinstance(write, Update) and write.ref.kind == "Service":
            return str(write.manifest["spec"]["selector"]["slipway.dev/predictor"])
    return str(scene.child("Service")["spec"]["selector"]["slipway.dev/predictor"])


def renamed(change: Callable[[Scene], object] = lambda _: None) -> Scene:
    """A predictor has been renamed; its new set is there but has no pods yet."""
    scene = settled()
    scene.apply(lambda md: md.predictor(name="second"))
    change(scene)
    scene.operator.look()
    return scene


def deployment(scene: Scene, predictor: str) -> dict[str, Any]:
    """The Deployment of a predictor."""
    (found,) = scene.world.list("Deployment", NAMESPACE, {"slipway.dev/predictor": predictor})
    return found


def counts(scene: Scene, predictor: str, available: int, size: int = 2) -> None:
    """The Deployment of a predictor reports so many available pods."""
    found = deployment(scene, predictor)
    found["status"] = {
        "observedGeneration": found["metadata"]["generation"],
        **dict.fromkeys(("replicas", "updatedReplicas"), size),
        **dict.fromkeys(("readyReplicas", "availableReplicas"), available),
    }
    scene.world.put(found, "test", "status")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (2, 0, "main"),
        (2, 1, "main"),
        (2, 2, "second"),
        (0, 1, "second"),
        (0, 0, "main"),
    ],
)
def test_the_service_never_leaves_what_serves_for_what_does_not(old: int, new: int, expected: str) -> None:
    """It moves when the new set carries all of it, or when the old one carries nothing any more."""
    scene = renamed()
    counts(scene, "main", old)
    counts(scene, "second", new)

    assert selected(scene) == expected


def test_a_rename_taken_back_is_no_tug_of_war_with_the_autoscaler() -> None:
    """The old set has to grow for its return, and its autoscaler takes it for idle."""
    scene = Scene()
    autoscaled(scene)
    scene.settle()
    scene.apply(lambda md: md.predictor(name="second"))
    scene.operator.look()
    while selected(scene) == "main":
        scene.cluster.step()
        scene.operator.look()
    scene.cluster.wants = dict.fromkeys(scene.cluster.wants, 2)
    scene.apply(lambda md: md.predictor(name="main"))
    scene.cluster.step()

    scene.settle()

    assert selected(scene) == "main"
    assert (
        deployment(scene, "main")["metadata"]["name"]
        == (scene.child("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"])
    )


def test_the_service_goes_back_if_the_new_set_dies_while_the_old_one_lives() -> None:
    """As long as the old set is up it is there to go back to."""
    scene = renamed()
    counts(scene, "second", 2)
    scene.operator.look()
    counts(scene, "second", 0)

    assert selected(scene) == "main"


def test_a_deleted_service_comes_back_to_what_serves() -> None:
    """In the middle of a change of sets it must not come back to the empty one."""
    scene = renamed(partial(delete_child, "Service"))
    service = scene.child("Service")

    assert service["spec"]["selector"]["slipway.dev/predictor"] == "main"


def test_the_old_set_stays_until_the_endpoints_have_left_it() -> None:
    """The selector's move takes a moment to reach the proxies; old addresses may still be in use."""
    scene = renamed()
    scene.cluster.step()
    scene.operator.look()
    assert scene.child("Service")["spec"]["selector"]["slipway.dev/predictor"] == "second"

    assert not [write for write in writes(scene) if isinstance(write, Delete)]
    scene.cluster.publish_endpoints()

    assert [write.ref.name for write in writes(scene) if isinstance(write, Delete)] == ["iris-main-255a8"]


def test_an_autoscaler_that_grows_the_old_set_grows_the_new_one() -> None:
    """What takes over must carry what is there now, not what was there when it was made."""
    cpu = {"requests": {"cpu": "100m"}}
    scene = settled(lambda md: md.hpa(2, 9).predictor(resources=cpu))
    scene.cluster.outcomes[BAD] = Outcome(state="loading")
    scene.apply(lambda md: md.model(BAD).predictor(name="second"))
    scene.operator.look()
    scene.world.scale("Deployment", NAMESPACE, deployment(scene, "main")["metadata"]["name"], 7, "hpa")

    scene.operator.look()

    assert deployment(scene, "second")["spec"]["replicas"] == 7
    assert scene.child("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"] == "iris-main-255a8"


def test_paused_changes_no_template() -> None:
    """Not even where Kubernetes would not act on it: a node that dies would start the new revision."""
    scene = settled()
    scene.apply(lambda md: md.spec(paused=True).model("s3://models/iris/2"))

    assert writes(scene) == []


def test_paused_before_there_is_anything_starts_nothing() -> None:
    """A manifest that arrives paused waits."""
    scene = Scene()
    scene.apply(lambda md: md.spec(paused=True))

    scene.settle()

    assert scene.world.list("Deployment", NAMESPACE) == []
    assert scene.world.list("ControllerRevision", NAMESPACE) == []
    assert scene.conditions()["Ready"] == ("False", "Paused")
    scene.apply(lambda md: md.spec(paused=None))
    scene.settle()
    scene.expect_done()


def test_paused_with_a_renamed_predictor_keeps_the_old_set() -> None:
    """What serves stays, under whatever name."""
    scene = settled()
    scene.apply(lambda md: md.spec(paused=True).predictor(name="second"))
    scene.settle()

    assert scene.serving() == 2
    assert writes(scene) == []


def test_a_step_that_was_paused_gets_its_time_anew() -> None:
    """Whoever resumes an update after a day must not find it overdue."""
    scene = settled()
    scene.cluster.outcomes[BAD] = Outcome(state="loading")
    scene.apply(lambda md: md.model(BAD))
    scene.operator.look()
    scene.cluster.step()
    scene.apply(lambda md: md.spec(paused=True))
    scene.settle()
    scene.world.advance(86_400)
    scene.apply(lambda md: md.spec(paused=None))
    scene.settle()

    assert scene.conditions()["Reconciling"] == ("True", "RollingOut")
    assert scene.operator.decision().requeue_after == pytest.approx(600, abs=10)


@pytest.mark.parametrize(("seconds", "stalled"), [(599, False), (600, True), (6000, True)])
def test_an_update_has_its_deadline_by_our_own_clock(seconds: int, stalled: bool) -> None:  # noqa: FBT001 -- a column
    """Kubernetes' own does not fire when an available Deployment cannot grow."""
    scene = settled()
    scene.cluster.outcomes[BAD] = Outcome(state="pending")
    scene.apply(lambda md: md.model(BAD))
    scene.operator.look()
    started = scene.world.now
    scene.world.now = started + timedelta(seconds=seconds)

    scene.operator.look()

    assert ("Stalled" in scene.conditions()) is stalled
    assert scene.conditions()["Available"] == ("True", "Serving")


def test_a_newer_spec_in_mid_update_starts_the_clock_anew() -> None:
    """The deadline is one step's, not that of all attempts together."""
    scene = settled()
    scene.cluster.outcomes[BAD] = Outcome(state="pending")
    scene.apply(lambda md: md.model(BAD))
    scene.operator.look()
    scene.world.advance(590)
    scene.apply(lambda md: md.model("s3://models/iris/3"))
    scene.operator.look()
    scene.world.advance(590)
    scene.operator.look()

    assert "Stalled" not in scene.conditions()


@pytest.mark.parametrize("text", ["", "junk", "2026-11-21"])
def test_a_step_whose_time_was_edited_starts_now(text: str) -> None:
    """An annotation that anybody may edit must not stop the operator, nor make it write for ever."""
    scene = settled()
    child = scene.child("Deployment")
    child["metadata"]["annotations"]["slipway.dev/step-started-at"] = text
    scene.world.put(child)

    scene.settle()

    assert writes(scene) == []


def test_size_zero_is_never_a_promotion() -> None:
    """A revision that never ran a pod is nothing to go back to."""
    scene = settled(lambda md: md.replicas(0))

    assert scene.child("ControllerRevision")["metadata"]["annotations"].get("slipway.dev/promoted") is None
    assert scene.conditions()["Ready"] == ("True", "ScaledToZero")
    assert the_deployment(scene).size == 0


def test_a_restart_that_is_due_later_is_looked_at_then() -> None:
    """Nothing else would wake the operator."""
    scene = settled()
    scene.apply(lambda md: md.restart_at("2026-11-21T11:00:00Z"))
    scene.operator.look()

    due = scene.operator.decision().requeue_after
    assert due is not None
    assert 3500 < due < 3600
    scene.world.advance(due)
    scene.settle()

    assert len(scene.world.list("ControllerRevision", NAMESPACE)) == 2


def test_a_set_that_the_service_selects_is_never_removed() -> None:
    """Right after a switch back the endpoints still show the set that was left."""
    scene = renamed()
    scene.cluster.step()
    scene.operator.look()
    scene.cluster.publish_endpoints()
    child = scene.child("Service")
    child["spec"]["selector"]["slipway.dev/predictor"] = "main"
    scene.world.put(child)
    counts(scene, "second", 0)

    assert not [write for write in writes(scene) if isinstance(write, Delete)]


def test_the_service_does_not_move_to_a_smaller_set() -> None:
    """The old set has grown since the new one was made; half of the capacity would be gone at once."""
    cpu = {"requests": {"cpu": "100m"}}
    scene = settled(lambda md: md.hpa(2, 9).predictor(resources=cpu))
    scene.apply(lambda md: md.predictor(name="second"))
    scene.operator.look()
    scene.world.scale("Deployment", NAMESPACE, deployment(scene, "main")["metadata"]["name"], 7, "hpa")
    counts(scene, "main", 7, 7)
    counts(scene, "second", 2)

    assert selected(scene) == "main"
    scene.operator.look()
    counts(scene, "second", 7, 7)

    assert selected(scene) == "second"


def test_pods_of_an_edited_template_are_not_what_was_asked_for() -> None:
    """A hand edit that Kubernetes has begun to roll shows until it is rolled back."""
    scene = settled()
    child = scene.child("Deployment")
    child["spec"]["template"]["spec"]["containers"][0]["image"] = "edited:9"
    scene.world.put(child)
    scene.cluster.step()
    scene.operator.look()
    scene.cluster.report_deployments()
    scene.operator.look()

    assert scene.conditions()["Ready"] == ("False", "RollingOut")
    scene.settle()
    scene.expect_done()
