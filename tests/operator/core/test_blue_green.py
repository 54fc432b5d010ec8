"""Single decisions of the blue-green strategy, and one whole update step by step."""

from __future__ import annotations

from datetime import timedelta

import pytest

from blue_green_steps import (
    active,
    desired,
    gated,
    gated_autoscaled,
    preview_of,
    promoted,
    set_of,
    shows,
    small_preview,
    strategy,
)
from builders import NAMESPACE
from simulator import Scene
from slipway_operator.core.actions import Annotate, Delete, SetReplicas, Update, Write
from workflow_steps import model


def told(write: Write) -> str:
    """A write in a few words."""
    size = f" {write.replicas}" if isinstance(write, SetReplicas) else ""
    return f"{type(write).__name__} {write.ref.kind}{size}"


def turn(scene: Scene) -> str:
    """What the operator writes until it has nothing to write, then one turn of the cluster."""
    done: list[str] = []
    while writes := scene.operator.decision().writes:
        done += [told(write) for write in writes]
        scene.operator.look()
    scene.operator.look()
    scene.cluster.step()
    scene.world.advance(1)
    return ", ".join(done)


def at_the_gate() -> Scene:
    """The second model is up as a preview."""
    scene = Scene()
    gated(scene)
    scene.settle()
    model("2")(scene)
    scene.settle()
    return scene


def message(scene: Scene, kind: str = "Ready") -> str:
    """What a condition says."""
    listed = scene.world.get("ModelDeployment", NAMESPACE, "iris")["status"]["conditions"]
    return next(str(one["message"]) for one in listed if one["type"] == kind)


def test_a_whole_update() -> None:
    """Preview, its address, the gate, all the pods, the switch in one write, retirement, removal."""
    scene = Scene()
    small_preview(scene)
    scene.settle()
    model("2")(scene)

    rows = [turn(scene) for _ in range(3)]
    promoted(scene)
    rows += [turn(scene) for _ in range(4)]
    scene.world.advance(30)
    rows += [turn(scene) for _ in range(2)]

    assert rows == [
        "Create ControllerRevision, Create Deployment",
        "Update Service",
        "SetReplicas Deployment 1, Update Deployment",
        "SetReplicas Deployment 3, Update Deployment",
        "Update Deployment, Update Service",
        "Annotate Deployment, Annotate ControllerRevision",
        "",
        "Delete Deployment",
        "",
    ]


def test_the_gate_says_how_to_pass_it() -> None:
    """Who sees AwaitingPromotion for the first time must know what to type."""
    scene = at_the_gate()

    assert f"slipway.dev/promote to {desired(scene)}" in message(scene)


def test_a_gate_that_opens_by_itself_says_when() -> None:
    """And the operator looks again at that very second, not at its next routine look."""
    scene = Scene()
    scene.builder.replicas(1)
    strategy(autoPromotionSeconds=300)(scene)
    scene.settle()
    model("2")(scene)
    scene.settle()

    again = scene.operator.decision().requeue_after
    assert again is not None
    opens = scene.world.now + timedelta(seconds=again)
    assert f"promoted at {opens:%Y-%m-%dT%H:%M:%SZ}" in message(scene)


@pytest.mark.parametrize("verb", ["promote", "abort"])
def test_a_verb_for_what_does_not_exist_is_told(verb: str) -> None:
    """A typo in a revision's name must not look like an operator that does nothing."""
    scene = at_the_gate()
    scene.apply(lambda md: md.spec(rollout={verb: "0123456ab"}))
    scene.settle()

    assert f'{verb} names "0123456ab", which is no revision here' in message(scene)
    active("1")(scene)


def test_an_abort_of_the_active_revision_is_told() -> None:
    """It cannot be obeyed: there is nothing to go back to by name."""
    scene = Scene()
    gated(scene)
    scene.settle()
    scene.apply(lambda md: md.spec(rollout={"abort": desired(scene)}))
    scene.settle()

    assert "put an earlier spec back" in message(scene)
    assert scene.conditions()["Ready"] == ("True", "Serving")


def test_an_autoscaler_that_grows_the_active_set_grows_the_preview() -> None:
    """What takes over must carry what is there at that moment."""
    scene = Scene()
    gated_autoscaled(scene)
    scene.settle()
    model("2")(scene)
    scene.settle()
    scene.cluster.wants = dict.fromkeys(scene.cluster.wants, 5)
    scene.settle()

    assert set_of(scene, "2")["spec"]["replicas"] == 5


def test_an_autoscaler_that_was_moved_may_not_shrink_the_new_set_for_a_while() -> None:
    """It has no metrics of the new pods, and would take them for idle."""
    scene = Scene()
    gated_autoscaled(scene)
    scene.settle()
    model("2")(scene)
    scene.settle()
    promoted(scene)
    scene.settle()

    held = scene.child("HorizontalPodAutoscaler")
    assert held["spec"]["behavior"]["scaleDown"]["selectPolicy"] == "Disabled"
    assert held["metadata"]["annotations"]["slipway.dev/moved-at"]
    scene.later(31)
    scene.later(31)
    free = scene.child("HorizontalPodAutoscaler")
    assert "moved-at" not in str(free["metadata"]["annotations"])
    assert free["spec"]["behavior"]["scaleDown"]["selectPolicy"] != "Disabled"


def test_the_old_set_is_not_retired_before_the_endpoints_have_left_it() -> None:
    """The selector's move takes a moment to reach the proxies."""
    scene = at_the_gate()
    promoted(scene)
    while scene.operator.look():
        pass
    active_selector = scene.world.get("Service", NAMESPACE, "iris")["spec"]["selector"]
    assert active_selector["slipway.dev/track"] == desired(scene)
    assert not scene.operator.decision().writes

    scene.cluster.publish_endpoints()

    assert [told(write) for write in scene.operator.decision().writes] == [
        "Annotate Deployment",
        "Annotate ControllerRevision",
    ]


def test_the_gate_waits_for_what_the_endpoints_show() -> None:
    """Pods that are ready but not yet in the preview's endpoints cannot be tried."""
    scene = Scene()
    scene.builder.replicas(1)
    strategy()(scene)
    scene.settle()
    model("2")(scene)
    scene.operator.look()
    scene.cluster.step()
    while scene.operator.look():
        pass

    active("1")(scene)
    assert scene.operator.decision().writes == ()


def test_the_preview_stays_up_while_it_is_superseded() -> None:
    """Who tries the preview must not find it down because somebody pushed again."""
    scene = at_the_gate()
    model("3")(scene)
    seen = []
    for _ in range(8):
        turn(scene)
        selector = scene.world.get("Service", NAMESPACE, preview_of(scene))["spec"]["selector"]
        pods = scene.ready(selector)
        seen.append(len(pods))

    assert min(seen) > 0
    shows("3")(scene)


def test_what_a_service_selects_is_never_deleted() -> None:
    """Not even when its time is over: somebody's hand may have pointed there."""
    scene = at_the_gate()
    promoted(scene)
    scene.settle()
    preview = scene.world.get("Service", NAMESPACE, preview_of(scene))
    old = set_of(scene, "1")["spec"]["selector"]["matchLabels"]
    preview["spec"]["selector"] = old
    scene.world.put(preview, "kubectl-edit")
    scene.world.advance(31)

    writes = scene.operator.decision().writes

    assert not [write for write in writes if isinstance(write, Delete)]
    assert [write.ref.kind for write in writes if isinstance(write, Update)] == ["Service"]


def test_going_back_needs_no_gate_while_the_old_set_is_up() -> None:
    """A bad model in production is left within a look or two."""
    scene = at_the_gate()
    promoted(scene)
    scene.settle()
    model("1")(scene)

    while scene.operator.look():
        pass

    selector = scene.world.get("Service", NAMESPACE, "iris")["spec"]["selector"]
    assert selector == set_of(scene, "1")["spec"]["selector"]["matchLabels"]
    assert any(isinstance(write, Annotate) and not write.annotations for write in scene.operator.writes)
