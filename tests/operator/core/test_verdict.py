"""What `kubectl get` says about every state a ModelDeployment can be in."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from builders import NAMESPACE
from kstatus import judged
from scenes import settled
from simulator import Scene
from workflow_steps import BAD
from world_pods import Outcome, digest_of

PULL = {"state": "pull-failed", "message": "x"}


def message(scene: Scene, kind: str = "Ready") -> str:
    """A condition's message."""
    md = scene.world.get("ModelDeployment", NAMESPACE, "iris")
    return str(next(c["message"] for c in md["status"]["conditions"] if c["type"] == kind))


def shown(scene: Scene) -> dict[str, str]:
    """The conditions, as status and reason."""
    return {kind: " ".join(said) for kind, said in scene.conditions().items()}


def verdict_of_tools(scene: Scene) -> str:
    """What Helm and Flux make of it."""
    return judged(scene.world.get("ModelDeployment", NAMESPACE, "iris"))


def updating_to(outcome: Outcome) -> Scene:
    """Two pods serve; an update to a model that turns out like this is under way."""
    scene = settled()
    scene.cluster.outcomes[BAD] = outcome
    scene.apply(lambda md: md.model(BAD))
    scene.settle()
    return scene


class Trouble(NamedTuple):
    """A way to fail, and what is said at once and after the deadline."""

    outcome: dict[str, Any]
    reason: str
    permanent: bool = False


TROUBLES = [
    Trouble(PULL | {"reason": "Timeout"}, "ModelPullFailed"),
    Trouble(PULL | {"reason": "NotFound"}, "ModelPullFailed", permanent=True),
    Trouble(PULL | {"reason": "AccessDenied"}, "ModelPullFailed", permanent=True),
    Trouble(PULL | {"reason": "DigestMismatch"}, "ModelPullFailed", permanent=True),
    Trouble({"state": "load-failed", "reason": "EngineFailed", "message": "x"}, "ModelLoadFailed"),
    Trouble(
        {"state": "load-failed", "reason": "UnsupportedFormat", "message": "x"},
        "ModelLoadFailed",
        permanent=True,
    ),
    Trouble({"state": "image-failed", "message": "x"}, "ImagePullFailed"),
    Trouble({"state": "unschedulable", "message": "x"}, "Unschedulable"),
    Trouble({"state": "out-of-memory"}, "OutOfMemory"),
    Trouble({"state": "crashing"}, "Crashing"),
    Trouble({"state": "loading"}, "RollingOut"),
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: f"{trouble.reason}-{trouble.permanent}")
def test_an_update_in_trouble_says_why_and_what_serves_stays_available(trouble: Trouble) -> None:
    """The reason is in `kubectl get`, within seconds; a permanent one does not wait for the deadline."""
    scene = updating_to(Outcome(**trouble.outcome))

    kind = "Stalled" if trouble.permanent else "Reconciling"
    assert shown(scene) == {
        "Ready": f"False {trouble.reason}",
        "Available": "True Serving",
        kind: f"True {trouble.reason}",
    }
    assert verdict_of_tools(scene) == ("Failed" if trouble.permanent else "InProgress")


@pytest.mark.parametrize(
    "trouble", [one for one in TROUBLES if not one.permanent], ids=lambda one: one.reason
)
def test_a_trouble_that_outlasts_the_deadline_needs_a_person(trouble: Trouble) -> None:
    """Stalled says that time is up, Ready still says why."""
    scene = updating_to(Outcome(**trouble.outcome))
    scene.world.advance(600)
    scene.settle()

    reason = "ProgressDeadlineExceeded" if trouble.reason == "RollingOut" else trouble.reason
    assert shown(scene) == {
        "Ready": f"False {reason}",
        "Available": "True Serving",
        "Stalled": "True ProgressDeadlineExceeded",
    }
    assert "600 s" in message(scene, "Stalled")
    assert verdict_of_tools(scene) == "Failed"


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: f"{trouble.reason}-{trouble.permanent}")
@pytest.mark.parametrize("late", [0, 700])
def test_a_trouble_that_is_over_leaves_no_trace(trouble: Trouble, late: int) -> None:
    """Nothing is stuck when the cause is mended, before the deadline or after it."""
    scene = updating_to(Outcome(**trouble.outcome))
    scene.world.advance(late)
    scene.settle()
    scene.cluster.outcomes[BAD] = Outcome()
    scene.settle()

    scene.expect_done()
    assert verdict_of_tools(scene) == "Current"


def test_an_object_that_nobody_has_seen_is_not_current() -> None:
    """`helm --wait` must not return before the operator has looked."""
    scene = Scene()
    scene.apply()

    assert verdict_of_tools(scene) == "InProgress"


def test_an_edit_that_nobody_has_seen_is_not_current() -> None:
    """The status of the old spec says nothing about the new one."""
    scene = settled()
    scene.apply(lambda md: md.model("s3://models/iris/2"))

    assert verdict_of_tools(scene) == "InProgress"


def test_pods_that_a_quota_forbids_are_told() -> None:
    """Only the Deployment's ReplicaFailure says it."""
    scene = settled()
    refusal = 'pods "x" is forbidden: exceeded quota: team, requested: cpu=1'
    failure = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": refusal,
        "lastTransitionTime": "2026-11-21T10:00:10Z",
    }
    child = scene.child("Deployment")
    scene.apply(lambda md: md.replicas(3))
    scene.operator.look()
    child["status"]["conditions"] = [failure]
    scene.world.put({**child, "metadata": {**child["metadata"], "resourceVersion": None}}, "x", "status")
    scene.operator.look()

    assert shown(scene) == {
        "Ready": "True Serving",
        "Available": "True Serving",
        "Reconciling": "True QuotaExceeded",
    }
    assert refusal in message(scene, "Reconciling")
    scene.world.advance(700)
    scene.operator.look()
    assert shown(scene)["Stalled"] == "True ProgressDeadlineExceeded"


def test_scaling_never_turns_ready_false() -> None:
    """A model that serves is not in doubt because it is to grow."""
    scene = settled()
    scene.cluster.outcomes["s3://models/iris/1"] = Outcome(state="loading")
    scene.apply(lambda md: md.replicas(3))
    scene.operator.look()

    assert shown(scene) == {
        "Ready": "True Serving",
        "Available": "True Serving",
        "Reconciling": "True Scaling",
    }
    assert verdict_of_tools(scene) == "InProgress"


def test_a_size_that_an_autoscaler_wants_is_not_work_in_progress() -> None:
    """Flux and Helm must not wait each time the load moves."""
    cpu = {"requests": {"cpu": "100m"}}
    scene = settled(lambda md: md.hpa(2, 9).predictor(resources=cpu))
    name = scene.child("Deployment")["metadata"]["name"]
    scene.world.scale("Deployment", NAMESPACE, name, 5, "hpa")
    scene.operator.look()

    assert shown(scene) == {"Ready": "True Serving", "Available": "True Serving"}


def one_pod_again(outcome: Outcome) -> Scene:
    """Two pods serve; one of them is lost, and the one in its place turns out like this."""
    scene = settled()
    lost, staying = scene.world.list("Pod", NAMESPACE)
    scene.cluster.kept = {staying["metadata"]["name"]}
    scene.cluster.outcomes["s3://models/iris/1"] = outcome
    scene.world.delete("Pod", NAMESPACE, lost["metadata"]["name"])
    scene.settle()
    return scene


def test_a_pod_that_cannot_come_up_again_is_told_while_the_others_serve() -> None:
    """The key was withdrawn: the next pod that dies will be missing too."""
    scene = one_pod_again(Outcome(state="pull-failed", reason="AccessDenied", message="403"))

    assert shown(scene) == {
        "Ready": "True Serving",
        "Available": "True Serving",
        "Stalled": "True ModelPullFailed",
    }
    assert message(scene, "Stalled") == "AccessDenied: 403"


def test_a_pod_that_stays_away_too_long_needs_a_person() -> None:
    """No step is under way, so the pod's own clock counts."""
    scene = one_pod_again(Outcome(state="loading"))
    assert shown(scene)["Reconciling"] == "True Scaling"
    scene.world.advance(600)
    scene.settle()

    assert shown(scene)["Stalled"] == "True ProgressDeadlineExceeded"


def test_all_pods_gone_is_not_available() -> None:
    """Available needs a ready endpoint, whatever the Deployment says."""
    scene = settled()
    scene.cluster.outcomes["s3://models/iris/1"] = Outcome(state="out-of-memory")
    scene.settle()

    assert shown(scene) == {
        "Ready": "False OutOfMemory",
        "Available": "False NoReadyPods",
        "Reconciling": "True OutOfMemory",
    }
    assert "resources.limits.memory" in message(scene)


def test_pods_of_one_revision_with_two_models_are_told_with_both_digests() -> None:
    """A mutable address: half of the answers would come from another model."""
    one, other = digest_of("s3://models/iris/1"), "sha256:" + "b" * 64
    scene = one_pod_again(Outcome(digest=other))

    assert shown(scene) == {
        "Ready": "False ModelChanged",
        "Available": "True Serving",
        "Stalled": "True ModelChanged",
    }
    assert one in message(scene)
    assert other in message(scene)
    assert [event.reason for event in scene.operator.events if event.type == "Warning"] == ["ModelChanged"]


def test_a_message_holds_nothing_that_moves_by_itself() -> None:
    """A status that changed each second would be written each second."""
    scene = updating_to(Outcome(state="loading"))
    before = scene.world.version
    for _ in range(50):
        scene.world.advance(10)
        scene.operator.look()

    assert scene.world.version == before


def test_an_autoscaled_set_below_its_minimum_is_work_in_progress() -> None:
    """The minimum is in the spec, so it is asked for."""
    cpu = {"requests": {"cpu": "100m"}}
    scene = settled(lambda md: md.hpa(2, 9).predictor(resources=cpu))
    lost, staying = scene.world.list("Pod", NAMESPACE)
    scene.cluster.kept = {staying["metadata"]["name"]}
    scene.cluster.outcomes["s3://models/iris/1"] = Outcome(state="loading")
    scene.world.delete("Pod", NAMESPACE, lost["metadata"]["name"])
    scene.settle()

    assert shown(scene) == {
        "Ready": "True Serving",
        "Available": "True Serving",
        "Reconciling": "True Scaling",
    }
