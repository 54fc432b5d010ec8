"""The status as a whole: counts, addresses, the model that came down, and failed writes."""

from __future__ import annotations

from typing import Any

import pytest

from builders import NAMESPACE, md_of, modeldeployment
from scenes import observed, settled
from simulator import Scene
from slipway_operator.api.conditions import Reason
from slipway_operator.api.types import FieldError
from slipway_operator.core.decide import Unparsed, reject
from slipway_operator.core.status import Problem, with_problem
from status_schema import status_errors
from workflow_steps import BAD
from workflows import WORKFLOWS
from world_pods import Outcome, digest_of


def status(scene: Scene) -> dict[str, Any]:
    """The status as written."""
    found: dict[str, Any] = scene.world.get("ModelDeployment", NAMESPACE, "iris")["status"]
    return found


def test_a_settled_status_tells_it_all() -> None:
    """One literal example of what users and tools read."""
    found = status(settled())
    del found["conditions"]

    assert found == {
        "observedGeneration": 1,
        "replicas": 2,
        "readyReplicas": 2,
        "replicasSummary": "2/2",
        "revision": "1e1883f8a",
        "selector": "slipway.dev/modeldeployment=iris,slipway.dev/predictor=main,slipway.dev/track=rolling",
        "url": "http://iris.models.svc",
        "predictors": [
            {
                "name": "main",
                "desiredRevision": "1e1883f8a",
                "activeRevision": "1e1883f8a",
                "replicas": 2,
                "readyReplicas": 2,
                "availableReplicas": 2,
                "url": "http://iris.models.svc",
                "model": {
                    "uri": "s3://models/iris/1",
                    "digest": digest_of("s3://models/iris/1"),
                    "sizeBytes": 1000,
                    "pullSeconds": 0.5,
                },
            }
        ],
    }


def test_the_first_look_already_tells_the_generation_and_the_selector() -> None:
    """An autoscaler of the user's fails on an empty selector, a waiting tool on a missing generation."""
    scene = Scene()
    scene.apply()
    scene.operator.look()

    assert status(scene)["observedGeneration"] == 1
    assert status(scene)["selector"].endswith("track=rolling")
    assert "revision" not in status(scene)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda one: one.name)
def test_every_status_on_the_way_fits_the_schema(workflow: Any) -> None:
    """One wrong field, and the API server refuses the whole status."""
    scene = workflow.scene()
    for change in workflow.changes[:1]:
        change(scene)
    scene.settle()

    for written in scene.world.log:
        if written.object["kind"] == "ModelDeployment":
            assert status_errors(written.object.get("status", {})) == []


def test_while_an_update_is_under_way_the_active_revision_is_the_old_one() -> None:
    """Who debugs must see which model answers, not which one was asked for."""
    scene = settled()
    scene.cluster.outcomes[BAD] = Outcome(state="pull-failed", reason="Timeout", message="no answer")
    scene.apply(lambda md: md.model(BAD))
    scene.settle()

    (predictor,) = status(scene)["predictors"]
    assert predictor["activeRevision"] == status(scene)["revision"] == "1e1883f8a"
    assert predictor["desiredRevision"] != "1e1883f8a"
    assert predictor["model"]["uri"] == "s3://models/iris/1"
    assert predictor["message"] == "Timeout: no answer"


def test_counts_and_selector_are_those_of_what_serves() -> None:
    """While a renamed predictor comes up, an autoscaler must not see its pods."""
    scene = settled()
    scene.cluster.outcomes[BAD] = Outcome(state="loading")
    scene.apply(lambda md: md.model(BAD).predictor(name="second"))
    scene.settle()

    assert status(scene)["replicas"] == 2
    assert "predictor=main" in status(scene)["selector"]


def test_a_puller_that_said_nothing_leaves_only_the_address() -> None:
    """A runtime of the user's own may report less."""
    scene = settled()
    for pod in scene.world.list("Pod", NAMESPACE):
        pod["status"]["initContainerStatuses"][0]["state"]["terminated"]["message"] = "oops"
        scene.world.put(pod, "kubelet", "status")
    scene.operator.look()

    assert status(scene)["predictors"][0]["model"] == {"uri": "s3://models/iris/1"}


PROBLEM = Problem(reason=Reason.WRITE_REFUSED, message="Service iris: forbidden", stalled=False)


@pytest.mark.parametrize(("stalled", "kind"), [(True, "Stalled"), (False, "Reconciling")])
def test_a_failed_write_is_told_and_availability_stays_as_it_is(stalled: bool, kind: str) -> None:  # noqa: FBT001 -- a column
    """A missing right of the operator must not make a serving model look down."""
    scene = settled()
    decision = scene.operator.decision()
    problem = Problem(reason=PROBLEM.reason, message=PROBLEM.message, stalled=stalled)

    found = with_problem(scene.operator.modeldeployment(), decision.status, problem, scene.world.now)

    assert {one["type"]: (one["status"], one["reason"]) for one in found["conditions"]} == {
        "Ready": ("False", "WriteRefused"),
        "Available": ("True", "Serving"),
        kind: ("True", "WriteRefused"),
    }
    assert status_errors(found) == []
    assert {**found, "conditions": None} == {**decision.status, "conditions": None}


def test_a_problem_that_lasts_is_written_once() -> None:
    """A retry that fails again must not be a new status."""
    scene = settled()
    md = scene.operator.modeldeployment()
    shown = with_problem(md, scene.operator.decision().status, PROBLEM, scene.world.now)
    scene.operator.report(shown)
    scene.world.advance(60)
    again = scene.operator.modeldeployment()

    assert with_problem(again, scene.operator.decision().status, PROBLEM, scene.world.now) == shown


def rejected(scene: Scene) -> dict[str, Any]:
    """The status when the spec suddenly cannot be read."""
    md = scene.operator.modeldeployment()
    unparsed = Unparsed(key=md.key, uid=md.uid, generation=9, status=md.status)
    errors = [FieldError("spec.b", "must be less"), FieldError("spec.a", "must be more")]
    return reject(unparsed, observed(scene), errors, scene.world.now)


def test_a_spec_with_errors_needs_a_person_and_what_serves_serves_on() -> None:
    """All errors at once, with their paths; no pod is touched."""
    found = rejected(settled())

    assert {one["type"]: f"{one['status']} {one['reason']}" for one in found["conditions"]} == {
        "Ready": "False InvalidSpec",
        "Available": "True Serving",
        "Stalled": "True InvalidSpec",
    }
    assert found["conditions"][0]["message"] == "spec.a: must be more; spec.b: must be less"
    assert found["observedGeneration"] == 9
    assert found["revision"] == "1e1883f8a"
    assert status_errors(found) == []


def test_a_spec_with_errors_does_not_hide_that_nothing_serves() -> None:
    """Available is about the pods, not about the spec."""
    scene = settled()
    scene.cluster.outcomes["s3://models/iris/1"] = Outcome(state="crashing")
    scene.cluster.settle()

    assert rejected(scene)["conditions"][1]["status"] == "False"


def test_a_spec_with_errors_from_the_start() -> None:
    """Nothing was ever there; the status must still be complete enough to be written."""
    md = md_of(modeldeployment().raw())
    scene = Scene()
    scene.apply()
    found = reject(
        Unparsed(key=md.key, uid="uid", generation=1),
        observed(scene),
        [FieldError("a", "b")],
        scene.world.now,
    )

    assert status_errors(found) == []
    assert [one["type"] for one in found["conditions"]] == ["Ready", "Available", "Stalled"]


def test_while_both_revisions_serve_the_active_one_is_the_stable_one() -> None:
    """Half rolled is not rolled: what an abort would return to is what is named."""
    scene = settled()
    scene.apply(lambda md: md.model("s3://models/iris/2"))
    scene.operator.look()
    scene.cluster.step()
    scene.operator.look()

    assert {pod.revision for pod in observed(scene).pods if pod.ready} > {"1e1883f8a"}
    assert status(scene)["revision"] == "1e1883f8a"


def test_a_pod_that_does_not_serve_yet_does_not_report_the_model() -> None:
    """A model that is being replaced by hand counts when it is served, not when it is pulled."""
    scene = settled()
    scene.cluster.kept = {pod["metadata"]["name"] for pod in scene.world.list("Pod", NAMESPACE)}
    scene.cluster.outcomes["s3://models/iris/1"] = Outcome(state="loading", digest="sha256:" + "b" * 64)
    scene.apply(lambda md: md.replicas(3))
    scene.settle()

    assert scene.conditions()["Ready"] == ("True", "Serving")
    assert status(scene)["predictors"][0]["model"]["digest"] == digest_of("s3://models/iris/1")
