"""The other children: what is in them, and what must never be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from builders import Builder, md_of, modeldeployment
from full_manifest import autoscaled, fixed_size
from slipway_operator.core.objects.autoscaler import autoscaler
from slipway_operator.core.objects.deployment import PodSet, deployment, tracked, untracked
from slipway_operator.core.objects.disruption_budget import disruption_budget
from slipway_operator.core.objects.pod import template
from slipway_operator.core.objects.service import service, url
from slipway_operator.core.revision import Revision

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


def a_set(builder: Builder, *, paused: bool = False, restarted_at: str = "") -> dict[str, Any]:
    """A Deployment's manifest."""
    md = md_of(builder.raw(uid="uid-md"))
    revision = Revision(
        name="6f8d9c7b5",
        predictor="main",
        restarted_at=restarted_at,
        number=1,
        input={},
        template=template(md, "6f8d9c7b5", "slipway-runtime:1"),
    )
    pods = PodSet(
        name="iris-main-255a8",
        predictor="main",
        track="rolling",
        revision=revision,
        size=2,
        paused=paused,
        step_started_at=NOW,
    )
    return deployment(md, pods)


def test_every_child_can_be_found_and_goes_with_its_owner() -> None:
    """Labels find it, the reference deletes it, and no finalizer holds anything up."""
    meta = a_set(modeldeployment())["metadata"]

    assert meta["labels"]["slipway.dev/modeldeployment"] == "iris"
    assert meta["labels"]["app.kubernetes.io/managed-by"] == "slipway"
    assert meta["annotations"]["slipway.dev/owner"] == "uid-md"
    assert meta["ownerReferences"] == [
        {
            "apiVersion": "slipway.dev/v1alpha1",
            "kind": "ModelDeployment",
            "name": "iris",
            "uid": "uid-md",
            "controller": True,
        }
    ]


def test_the_parents_labels_and_annotations_stay_with_the_parent() -> None:
    """A GitOps tool's tracking label on a child would make it prune the child."""
    raw = modeldeployment().raw()
    raw["metadata"] |= {
        "labels": {"app.kubernetes.io/instance": "x"},
        "annotations": {"argocd/tracking-id": "x"},
    }

    meta = service(md_of(raw), "main", "rolling")["metadata"]

    assert "app.kubernetes.io/instance" not in meta["labels"]
    assert list(meta["annotations"]) == ["slipway.dev/owner"]


def test_a_deployment_never_says_its_size() -> None:
    """Saying it would fight the autoscaler at every apply."""
    assert "replicas" not in a_set(modeldeployment().replicas(3))["spec"]


def test_pods_are_replaced_without_a_gap_unless_asked_otherwise() -> None:
    """Kubernetes' own default takes a quarter of the pods away first."""
    assert a_set(modeldeployment())["spec"]["strategy"]["rollingUpdate"] == {
        "maxSurge": "25%",
        "maxUnavailable": 0,
    }
    limits = {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 2}}
    asked = a_set(modeldeployment().spec(strategy=limits))["spec"]["strategy"]
    assert asked == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 2}}


def test_the_users_times_reach_the_deployment() -> None:
    """Who looks at the Deployment must find what was asked for."""
    spec = a_set(modeldeployment().spec(progressDeadlineSeconds=90, minReadySeconds=60))["spec"]

    assert (spec["progressDeadlineSeconds"], spec["minReadySeconds"]) == (90, 60)


def test_a_hand_made_pause_is_undone_and_ours_is_stated() -> None:
    """We own `paused`, whichever value it has."""
    assert a_set(modeldeployment())["spec"]["paused"] is False
    assert a_set(modeldeployment(), paused=True)["spec"]["paused"] is True


def test_the_step_and_the_restart_are_noted_in_the_same_write() -> None:
    """An operator that dies right after must still know when the step began."""
    notes = a_set(modeldeployment(), restarted_at="2026-11-21T09:00:00Z")["metadata"]["annotations"]

    assert notes["slipway.dev/step-started-at"] == "2026-11-21T10:00:00Z"
    assert notes["slipway.dev/restarted-at"] == "2026-11-21T09:00:00Z"


def test_the_selector_is_in_the_pods_labels() -> None:
    """Kubernetes refuses a Deployment that does not select its own pods."""
    spec = a_set(modeldeployment())["spec"]

    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()


def test_a_track_is_put_on_and_taken_off() -> None:
    """A frozen template may come to serve in another set."""
    frozen = template(md_of(modeldeployment().raw()), "r", "i")

    assert tracked(frozen, "rolling")["metadata"]["labels"]["slipway.dev/track"] == "rolling"
    assert untracked(tracked(frozen, "rolling")) == frozen
    assert "slipway.dev/track" not in frozen["metadata"]["labels"]


def test_the_service_has_the_bare_name_and_a_port_for_each_transport() -> None:
    """The stable address: http://iris.models.svc, and iris.models.svc:8081 for gRPC."""
    md = md_of(modeldeployment().raw())
    made = service(md, "main", "rolling")

    assert made["metadata"]["name"] == "iris"
    http, grpc = made["spec"]["ports"]
    assert http == {"name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080}
    assert grpc == {
        "name": "grpc",
        "port": 8081,
        "protocol": "TCP",
        "targetPort": 8081,
        "appProtocol": "kubernetes.io/h2c",
    }
    assert made["spec"]["type"] == "ClusterIP"
    assert made["spec"]["selector"] == {
        "slipway.dev/modeldeployment": "iris",
        "slipway.dev/predictor": "main",
        "slipway.dev/track": "rolling",
    }
    assert url(md.key) == "http://iris.models.svc"


def test_the_autoscaler_speaks_the_users_words() -> None:
    """Metrics and behavior pass through; what is absent stays absent."""
    raw = autoscaled()
    hpa = md_of(raw).spec.predictor.hpa_spec
    assert hpa is not None
    spec = autoscaler(md_of(raw), hpa, "iris-main-255a8")["spec"]
    asked = raw["spec"]["predictors"][0]["hpaSpec"]

    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "iris-main-255a8"}
    assert spec == {"scaleTargetRef": target} | asked


def test_an_autoscaler_of_few_words_has_few_fields() -> None:
    """An empty list in an apply never settles."""
    cpu = {"requests": {"cpu": 1}}
    md = md_of(modeldeployment().predictor(hpaSpec={"maxReplicas": 3}, resources=cpu).raw())
    assert md.spec.predictor.hpa_spec is not None

    assert autoscaler(md, md.spec.predictor.hpa_spec, "x")["spec"].keys() == {"scaleTargetRef", "maxReplicas"}


@pytest.mark.parametrize("raw", [fixed_size(), autoscaled()])
def test_a_budget_protects_the_active_track(raw: dict[str, Any]) -> None:
    """A drained node must not take all pods at once; a pod that is down anyway may go."""
    md = md_of(raw)
    assert md.spec.predictor.pdb_spec is not None
    spec = disruption_budget(md, md.spec.predictor.pdb_spec, "rolling")["spec"]

    assert spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    assert spec["selector"]["matchLabels"]["slipway.dev/track"] == "rolling"
    assert len({"minAvailable", "maxUnavailable"} & spec.keys()) == 1
