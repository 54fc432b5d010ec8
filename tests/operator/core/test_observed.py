"""What is ours, what is not, and what is behind it."""

from __future__ import annotations

from typing import Any

import pytest

from builders import NAMESPACE, md_of, modeldeployment
from scenes import observed, settled, the_deployment
from slipway_operator.core.actions import Kind, Ref
from slipway_operator.core.observed import Holder, observe
from slipway_operator.core.slim import slim

NAME = "iris-main-255a8"
LABELS = {"slipway.dev/modeldeployment": "iris", "app.kubernetes.io/managed-by": "slipway"}


def service(name: str = "iris", **meta: Any) -> dict[str, Any]:
    """A Service with our labels."""
    metadata = {
        "name": name,
        "namespace": NAMESPACE,
        "uid": "uid-s",
        "resourceVersion": "1",
        "labels": LABELS,
    }
    return slim({"kind": "Service", "metadata": metadata | meta, "spec": {"selector": {}}})


def reference(uid: str, **more: Any) -> list[dict[str, Any]]:
    """A controller reference."""
    return [{"kind": "ModelDeployment", "name": "iris", "uid": uid, "controller": True} | more]


@pytest.mark.parametrize(
    ("meta", "holder"),
    [
        ({"ownerReferences": reference("uid-md")}, None),
        ({"ownerReferences": reference("uid-old")}, Holder.LEFTOVER),
        ({"ownerReferences": reference("uid-x", name="other")}, Holder.STRANGER),
        ({"ownerReferences": reference("uid-x", kind="Rollout")}, Holder.STRANGER),
        ({"ownerReferences": reference("uid-md", controller=False)}, Holder.STRANGER),
        ({}, Holder.STRANGER),
        ({"annotations": {"slipway.dev/owner": "uid-md"}}, None),
        ({"annotations": {"slipway.dev/owner": "uid-old"}}, Holder.STRANGER),
        (
            {"annotations": {"slipway.dev/owner": "uid-md"}, "ownerReferences": reference("uid-x", name="b")},
            Holder.STRANGER,
        ),
        (
            {"ownerReferences": reference("uid-md"), "deletionTimestamp": "2026-11-21T10:00:00Z"},
            Holder.ENDING,
        ),
    ],
)
def test_only_a_uid_makes_a_child_ours(meta: dict[str, Any], holder: Holder | None) -> None:
    """Labels prove nothing: another team's object with our labels must never be touched."""
    md = md_of(modeldeployment().raw(uid="uid-md"))

    found = observe(md, {Kind.SERVICE: [service(**meta)]})

    assert found.taken.get(Ref(Kind.SERVICE, NAMESPACE, "iris")) == holder
    assert ("iris" in found.services) is (holder is None)


def test_a_deployment_is_read_whole() -> None:
    """Size, counts, revision and who owns the size."""
    found = the_deployment(settled())

    assert (found.predictor, found.track, found.revision) == ("main", "rolling", "1e1883f8a")
    assert (found.size, found.total, found.updated, found.ready, found.available) == (2, 2, 2, 2, 2)
    assert found.current
    assert found.complete
    assert found.sized_by_us_alone


def test_counts_of_an_older_spec_do_not_complete_a_deployment() -> None:
    """Right after a write the counts are those of before."""
    scene = settled()
    scene.world.scale("Deployment", NAMESPACE, NAME, 2, "x")
    scene.world.merge_patch("Deployment", NAMESPACE, NAME, {"spec": {"minReadySeconds": 3}})

    assert not the_deployment(scene).current
    assert not the_deployment(scene).complete


def test_pods_belong_to_the_deployment_that_made_them() -> None:
    """A pod that merely carries our labels must not be blamed or counted."""
    scene = settled()
    pod = scene.world.list("Pod", NAMESPACE)[0]
    stranger = pod | {"metadata": pod["metadata"] | {"name": "stranger", "ownerReferences": []}}
    scene.world.create(stranger)

    found = observed(scene)

    assert len(found.pods) == 2
    assert [one.name for one in found.pods_of(NAME)] == [one.name for one in found.pods]


def test_a_pod_on_its_way_out_is_none_of_the_set() -> None:
    """An evicted or deleted pod is no trouble of the revision."""
    scene = settled()
    pod = scene.world.list("Pod", NAMESPACE)[0]
    pod["metadata"]["deletionTimestamp"] = "2026-11-21T10:00:00Z"
    scene.world.put(pod)

    assert len(observed(scene).pods_of(NAME)) == 1


def test_endpoints_are_the_ready_addresses_of_the_service() -> None:
    """What requests reach is what the slices say, terminating ones apart."""
    scene = settled()
    piece = scene.child("EndpointSlice")
    piece["endpoints"][0]["conditions"]["terminating"] = True
    scene.world.put(piece)

    assert len(observed(scene).endpoints["iris"].ready) == 1


def test_a_slice_of_somebody_elses_service_does_not_count() -> None:
    """A forged slice must not make a model look available."""
    scene = settled()
    piece = scene.child("EndpointSlice")
    piece["metadata"]["ownerReferences"][0]["uid"] = "uid-of-another"
    scene.world.put(piece)

    assert observed(scene).endpoints["iris"].ready == frozenset()


def test_a_refusal_to_create_pods_is_read_from_the_deployment() -> None:
    """A quota shows nowhere else."""
    scene = settled()
    failure = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": "exceeded quota",
        "lastTransitionTime": "2026-11-21T10:00:00Z",
    }
    scene.world.merge_patch(
        "Deployment", NAMESPACE, NAME, {"status": {"conditions": [failure]}}, subresource="status"
    )

    found = the_deployment(scene).failure

    assert found is not None
    assert (found.message, found.since) == ("exceeded quota", "2026-11-21T10:00:00Z")


def test_nothing_is_nothing() -> None:
    """The very first look."""
    found = observe(md_of(modeldeployment().raw()), {kind: [] for kind in Kind})

    assert not found.deployments
    assert not found.pods
    assert not found.taken
