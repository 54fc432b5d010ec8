from __future__ import annotations

import json

import pytest

from live_kube import condition
from live_operator import LiveOperator, Stage, is_observed
from live_paths import Json
from slipway_operator.api.names import ANNOTATION_APPLIED

REPAIR_SECONDS = 10
ARGS = ["serve", "--model-dir", "/mnt/model", "--model-name", "iris"]


def reason(md: Json, kind: str) -> str:
    """A condition's reason, empty when the condition is not there."""
    return str(condition(md, kind).get("reason", ""))


def applied(child: Json) -> str:
    """The mark of the last apply."""
    return str(child["metadata"]["annotations"][ANNOTATION_APPLIED])


def test_a_model_gets_its_children_and_its_object_says_so(operator: LiveOperator, stage: Stage) -> None:
    """The whole pipeline with the rights of the chart: a missing verb would show right here."""
    stage.declare(replicas=2)
    md = stage.reported()
    assert condition(md, "Ready")["status"] == "False"
    service = stage.kube.require(stage.ref("Service", "iris"))
    deployment = stage.only("Deployment")
    assert deployment["spec"]["replicas"] == 2
    for child in (service, deployment, stage.only("ControllerRevision")):
        (owner,) = child["metadata"]["ownerReferences"]
        assert (owner["uid"], owner["controller"]) == (md["metadata"]["uid"], True)
    assert operator.probe("/readyz").status_code == 200
    assert (
        'controller_runtime_reconcile_total{controller="modeldeployment"' in operator.probe("/metrics").text
    )


def test_the_users_object_is_not_touched(shared: Stage, model: str) -> None:
    """Argo CD compares it with Git: no annotation, no finalizer, no defaulted field may appear."""
    before = shared.declare(model, replicas=2)
    after = shared.reported(model)
    assert after["spec"] == before["spec"]
    assert after["metadata"].get("annotations") == before["metadata"].get("annotations")
    assert "finalizers" not in after["metadata"]
    assert after["metadata"]["generation"] == 1


def test_a_deleted_model_takes_its_children_along(shared: Stage, model: str) -> None:
    """Garbage collection does it, and the operator must not bring them back."""
    shared.declare(model)
    shared.reported(model)
    deployment = shared.only("Deployment", model)["metadata"]["name"]
    shared.kube.delete(shared.ref("ModelDeployment", model))
    shared.kube.until_gone(shared.ref("Deployment", deployment), seconds=60)
    shared.kube.until_gone(shared.ref("Service", model), seconds=60)


def test_a_strangers_service_stays_byte_identical(operator: LiveOperator, stage: Stage) -> None:
    """Somebody's production Service has the name; the model waits, says why, and goes on when it is free."""
    stranger = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "iris", "namespace": stage.namespace, "annotations": {"mine": "yes"}},
        "spec": {"selector": {"app": "theirs"}, "ports": [{"port": 80}]},
    }
    before = json.dumps(stage.kube.apply(stranger), sort_keys=True)
    stage.declare()
    md = stage.kube.until(
        stage.ref("ModelDeployment", "iris"),
        "NameConflict",
        lambda md: reason(md, "Stalled") == "NameConflict",
        seconds=20,
    )
    assert f"Service {stage.namespace}/iris" in condition(md, "Stalled")["message"]
    stage.declare("wine")
    stage.reported("wine")
    assert json.dumps(stage.kube.require(stage.ref("Service", "iris")), sort_keys=True) == before
    stage.kube.delete(stage.ref("Service", "iris"))
    stage.kube.until(
        stage.ref("Service", "iris"), "our own", lambda one: one["metadata"]["ownerReferences"], seconds=40
    )


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("Service", {"spec": {"selector": {"app": "elsewhere"}}}),
        ("Service", {"metadata": {"labels": {"slipway.dev/modeldeployment": None}}}),
        ("Service", {"metadata": {"labels": {"app.kubernetes.io/managed-by": None}}}),
        ("Deployment", {"spec": {"replicas": 7}}),
        ("Deployment", {"spec": {"paused": True}}),
        ("Deployment", {"spec": {"template": {"spec": {"hostNetwork": True}}}}),
        ("Deployment", {"spec": {"template": {"metadata": {"annotations": {"mine": "yes"}}}}}),
        ("ControllerRevision", {"metadata": {"labels": {"slipway.dev/revision": "other"}}}),
    ],
    ids=[
        "Service selector",
        "Service owner label",
        "Service watch label",
        "replicas",
        "paused",
        "a foreign field in the template",
        "a foreign annotation in the template",
        "revision label",
    ],
)
def test_a_child_that_somebody_edits_is_put_right(shared: Stage, model: str, kind: str, change: Json) -> None:
    """Whatever a hand with kubectl does to a child, what was declared comes back within seconds."""
    shared.declare(model, replicas=2)
    shared.reported(model)
    good = shared.only(kind, model)
    ref = shared.ref(kind, good["metadata"]["name"])
    edited = shared.kube.patch(ref, change)
    assert essence(edited) != essence(good)
    shared.kube.until(
        ref, "what was declared", lambda one: essence(one) == essence(good), seconds=REPAIR_SECONDS
    )


@pytest.mark.parametrize("kind", ["Service", "Deployment"])
def test_a_child_that_somebody_deletes_comes_back(shared: Stage, model: str, kind: str) -> None:
    """A wrong `kubectl delete` costs seconds, and what comes back is what was there."""
    shared.declare(model)
    shared.reported(model)
    gone = shared.only(kind, model)
    ref = shared.ref(kind, gone["metadata"]["name"])
    shared.kube.delete(ref)
    again = shared.kube.until(
        ref,
        "a new one",
        lambda one: one["metadata"]["uid"] != gone["metadata"]["uid"],
        seconds=REPAIR_SECONDS,
    )
    assert essence(again) == essence(gone)


def test_a_stored_revision_that_somebody_deletes_is_stored_again_and_restarts_nothing(
    shared: Stage, model: str
) -> None:
    """What runs is the truth: it is frozen anew as it is, and its pods go on."""
    shared.declare(model)
    shared.reported(model)
    gone = shared.only("ControllerRevision", model)
    before = shared.only("Deployment", model)
    ref = shared.ref("ControllerRevision", gone["metadata"]["name"])
    shared.kube.delete(ref)
    again = shared.kube.until(
        ref,
        "a new one",
        lambda one: one["metadata"]["uid"] != gone["metadata"]["uid"],
        seconds=REPAIR_SECONDS,
    )
    assert again["metadata"]["labels"] == gone["metadata"]["labels"]
    assert again["data"]["template"]["spec"]["containers"][0]["args"] == ARGS
    after = shared.kube.until(
        shared.ref("Deployment", before["metadata"]["name"]),
        "what was frozen anew to be applied: with the server's defaults in it, it is written differently",
        lambda one: applied(one) != applied(before),
        seconds=REPAIR_SECONDS,
    )
    assert (after["metadata"]["uid"], after["spec"]) == (before["metadata"]["uid"], before["spec"])


def test_the_namespaces_quota_is_told_in_its_own_words(operator: LiveOperator, stage: Stage) -> None:
    """The user must see which quota, without access to the operator's log; and it heals by itself."""
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "none", "namespace": stage.namespace},
        "spec": {"hard": {"count/deployments.apps": "0"}},
    }
    stage.kube.apply(quota)
    stage.kube.until(
        stage.ref("ResourceQuota", "none"), "it to count", lambda one: one["status"].get("hard"), seconds=20
    )
    stage.declare()
    md = stage.kube.until(
        stage.ref("ModelDeployment", "iris"),
        "QuotaExceeded",
        lambda md: is_observed(md) and reason(md, "Ready") == "QuotaExceeded",
        seconds=20,
    )
    assert "exceeded quota: none" in condition(md, "Ready")["message"]
    stage.kube.delete(stage.ref("ResourceQuota", "none"))
    stage.kube.until_count(
        "Deployment",
        stage.namespace,
        "slipway.dev/modeldeployment=iris",
        "a Deployment",
        bool,
        seconds=40,
    )


def essence(child: Json) -> Json:
    """What the operator answers for in a child."""
    meta = child["metadata"]
    spec = {name: value for name, value in child.get("spec", {}).items() if not name.startswith("clusterIP")}
    return {"labels": meta.get("labels"), "spec": spec}
