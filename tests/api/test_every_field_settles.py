"""What the core wants, and what a real API server makes of it, with every field of the spec.

The server fills in defaults, drops zeros and respells quantities. Whatever it does, a second look
must find nothing to write, and whatever a hand edit does, one more look must find nothing left.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from api_server import ApiServer
from full_manifest import autoscaled, fixed_size
from manifests import minimal
from slipway_operator.core.actions import Create, Replace, SetReplicas, Update
from world import API_VERSIONS, ApiError
from world_operator import MiniOperator

Object = dict[str, Any]
PLURALS = {
    "ModelDeployment": "modeldeployments",
    "Deployment": "deployments",
    "Service": "services",
    "ControllerRevision": "controllerrevisions",
    "HorizontalPodAutoscaler": "horizontalpodautoscalers",
    "PodDisruptionBudget": "poddisruptionbudgets",
    "Pod": "pods",
    "EndpointSlice": "endpointslices",
}


@dataclass
class RealServer:
    """The API server as the miniature operator talks to it."""

    http: httpx.Client
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def find(self, kind: str, namespace: str, name: str) -> Object | None:
        """One object, or None."""
        try:
            return self.get(kind, namespace, name)
        except ApiError as error:
            if error.reason != "NotFound":
                raise
            return None

    def get(self, kind: str, namespace: str, name: str) -> Object:
        """One object."""
        return self._done(self.http.get(self._path(kind, namespace, name)))

    def peek(self, kind: str, namespace: str | None, labels: Mapping[str, str] | None) -> list[Object]:
        """All objects of a kind with these labels."""
        selector = ",".join(f"{name}={value}" for name, value in (labels or {}).items())
        answer = self.http.get(self._path(kind, namespace or ""), params={"labelSelector": selector})
        return [{**item, "kind": kind} for item in self._done(answer)["items"]]

    def apply(self, manifest: Object, manager: str, *, force: bool = False, subresource: str = "") -> Object:
        """Server-side apply."""
        meta = manifest["metadata"]
        path = self._path(manifest["kind"], meta["namespace"], meta["name"])
        return self._done(
            self.http.patch(
                f"{path}/{subresource}".rstrip("/"),
                params={"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Strict"},
                content=json.dumps(manifest),
                headers={"Content-Type": "application/apply-patch+yaml"},
            )
        )

    def json_patch(
        self, kind: str, namespace: str, name: str, patch: Sequence[Object], *, manager: str
    ) -> Object:
        """JSON patch."""
        return self._done(
            self.http.patch(
                self._path(kind, namespace, name),
                params={"fieldManager": manager},
                content=json.dumps(patch),
                headers={"Content-Type": "application/json-patch+json"},
            )
        )

    def delete(self, kind: str, namespace: str, name: str, *, uid: str | None = None) -> None:
        """Delete at once."""
        options = {"preconditions": {"uid": uid}} if uid else {}
        self._done(
            self.http.request("DELETE", self._path(kind, namespace, name), content=json.dumps(options))
        )

    def edit(self, kind: str, namespace: str, name: str, change: Callable[[Any], object]) -> None:
        """A hand edit, as `kubectl edit` sends it; tried again when a controller wrote in between."""
        for _ in range(10):
            live = self.get(kind, namespace, name)
            change(live)
            answer = self.http.put(
                self._path(kind, namespace, name),
                params={"fieldManager": "kubectl-edit"},
                content=json.dumps(
                    live, separators=(",", ":")
                ),  # as the server wrote it: `data` is compared as text
                headers={"Content-Type": "application/json"},
            )
            if answer.status_code != httpx.codes.CONFLICT:
                self._done(answer)
                return
        raise AssertionError(f"{kind} {name} changes faster than it can be edited")

    def _path(self, kind: str, namespace: str, name: str = "") -> str:
        version = API_VERSIONS[kind]
        root = "/api" if version == "v1" else "/apis"
        return f"{root}/{version}/namespaces/{namespace}/{PLURALS[kind]}/{name}".rstrip("/")

    def _done(self, answer: httpx.Response) -> Object:
        body: Object = answer.json()
        if not answer.is_success:
            raise ApiError(answer.status_code, body.get("reason", ""), body.get("message", ""))
        return body


@pytest.fixture
def server(api_server: ApiServer) -> RealServer:
    """The API server."""
    return RealServer(api_server.http)


def declared(server: RealServer, namespace: str, manifest: Object) -> MiniOperator:
    """A ModelDeployment, and an operator that has looked at it once."""
    placed = {**manifest, "metadata": {"name": "iris", "namespace": namespace}}
    server.apply(placed, "kubectl", force=True)
    operator = MiniOperator(server, namespace=namespace)
    look(operator)
    return operator


def look(operator: MiniOperator) -> None:
    """One look that went through: a controller that writes in between makes a guarded write answer 409."""
    for _ in range(10):
        try:
            operator.look()
        except ApiError as error:
            if error.code != httpx.codes.CONFLICT:
                raise
        else:
            return
    raise AssertionError("controllers write faster than the operator can look")


@pytest.mark.parametrize(
    "manifest", [minimal(), fixed_size(), autoscaled()], ids=["smallest", "fixed", "scaled"]
)
def test_the_second_look_finds_nothing_to_write(server: RealServer, namespace: str, manifest: Object) -> None:
    """A field that the server spells otherwise would be written again at every look, for ever."""
    operator = declared(server, namespace, manifest)

    decision = operator.decision()
    assert decision.writes == (), decision.events


def test_going_from_every_field_to_none_settles_too(server: RealServer, namespace: str) -> None:
    """Fields that are no longer asked for must be gone, and stay gone."""
    operator = declared(server, namespace, fixed_size())

    declared(server, namespace, minimal())

    (live,) = server.peek("Deployment", namespace, None)
    spec = live["spec"]["template"]["spec"]
    assert not {"tolerations", "nodeSelector", "topologySpreadConstraints", "priorityClassName"} & spec.keys()
    assert "envFrom" not in spec["initContainers"][0]
    assert live["spec"]["replicas"] == 2
    assert server.peek("PodDisruptionBudget", namespace, None) == []
    assert operator.decision().writes == ()


def _container(child: Any) -> Any:
    return child["spec"]["template"]["spec"]["containers"][0]


EDITS: list[tuple[str, Callable[[Any], object], list[type]]] = [
    (
        "Deployment",
        lambda child: _container(child)["env"].append({"name": "EXTRA", "value": "1"}),
        [Replace],
    ),
    (
        "Deployment",
        lambda child: child["spec"]["template"]["spec"].update(hostNetwork=True),
        [Replace],
    ),
    (
        "Deployment",
        lambda child: child["spec"]["template"]["spec"].update(dnsPolicy="Default"),
        [SetReplicas, Update],
    ),
    (
        "Deployment",
        lambda child: child["spec"]["template"]["metadata"].update(annotations=None),
        [SetReplicas, Update],
    ),
    ("Deployment", lambda child: _container(child).update(image="other:1"), [SetReplicas, Update]),
    (
        "Deployment",
        lambda child: _container(child)["livenessProbe"].update(timeoutSeconds=9),
        [SetReplicas, Update],
    ),
    ("Deployment", lambda child: _container(child).pop("readinessProbe"), [SetReplicas, Update]),
    ("Deployment", lambda child: child["spec"].update(paused=True), [SetReplicas, Update]),
    ("Deployment", lambda child: child["metadata"].update(ownerReferences=[]), [SetReplicas, Update]),
    ("Service", lambda child: child["spec"]["selector"].update(tier="gold"), [Update]),
    ("Service", lambda child: child["spec"].update(type="NodePort"), [Update]),
    ("Service", lambda child: child["spec"]["ports"][0].update(port=81), [Replace]),
    ("Service", lambda child: child["spec"]["ports"][1].update(protocol="UDP"), [Replace]),
    (
        "PodDisruptionBudget",
        lambda child: child["spec"].update(maxUnavailable=None, minAvailable=1),
        [Replace],
    ),
    ("PodDisruptionBudget", lambda child: child["spec"]["selector"].update(matchLabels={"a": "b"}), [Update]),
    ("ControllerRevision", lambda child: child["metadata"]["labels"].pop("slipway.dev/revision"), [Update]),
]


@pytest.mark.parametrize(("kind", "change", "writes"), EDITS)
def test_a_hand_edit_is_put_right_in_one_look(
    server: RealServer, namespace: str, kind: str, change: Callable[[Any], object], writes: list[type]
) -> None:
    """Drift is repaired by exactly the writes that can (the first apply without `replicas` hands it over)."""
    operator = declared(server, namespace, fixed_size())
    (child,) = server.peek(kind, namespace, None)
    server.edit(kind, namespace, child["metadata"]["name"], change)

    assert [type(one) for one in operator.decision().writes] == writes
    look(operator)

    assert operator.decision().writes == ()


def test_a_deployment_keeps_its_size_when_the_field_is_first_left_out(
    server: RealServer, namespace: str
) -> None:
    """Dropping `replicas` without a hand-over would take a running model to one pod."""
    operator = declared(server, namespace, fixed_size())
    moved = fixed_size()
    moved["spec"]["predictors"][0]["graph"]["modelUri"] = "s3://models/iris/9"

    declared(server, namespace, moved)

    (live,) = server.peek("Deployment", namespace, None)
    owners = {
        entry["manager"]
        for entry in live["metadata"]["managedFields"]
        if "f:replicas" in str(entry["fieldsV1"].get("f:spec"))
    }
    assert live["spec"]["replicas"] == 2
    assert owners == {"slipway-replicas"}
    assert operator.decision().writes == ()


def test_an_operator_that_renders_otherwise_changes_no_pod(server: RealServer, namespace: str) -> None:
    """An upgrade of the operator must not restart a model."""
    declared(server, namespace, autoscaled())
    (before,) = server.peek("Deployment", namespace, None)

    newer = MiniOperator(server, namespace=namespace, image="slipway-runtime:2")
    look(newer)

    (after,) = server.peek("Deployment", namespace, None)
    assert after["spec"]["template"] == before["spec"]["template"]
    assert not [write for write in newer.writes if isinstance(write, Create)]
