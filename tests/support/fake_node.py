"""A node without a machine: pods that are scheduled to it are ready at once, and go when they are told to.

The API server, the controllers and the scheduler around it are real; only what a kubelet does is made up
here, so that hundreds of rollouts can be played in minutes. What real pods do is tested in tests/cluster.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

import httpx

Json = dict[str, Any]
NAME = "fake-node"
HEARTBEAT_SECONDS = 5.0
PULLED = json.dumps({"reason": "Pulled", "message": "", "digest": "sha256:" + "0" * 64, "sizeBytes": 1})
NODE_STATUS: Json = {
    "capacity": {"cpu": "64", "memory": "256Gi", "pods": "4000"},
    "allocatable": {"cpu": "64", "memory": "256Gi", "pods": "4000"},
}


class FakeNode:
    """A thread that is the node's kubelet, with an administrator's `http` client."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._over = Event()
        self._addresses = itertools.count(1)
        self._threads = [Thread(target=work, daemon=True) for work in (self._beat, self._follow)]

    def __enter__(self) -> Self:
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NAME}}
        _ok(self._http.post("/api/v1/nodes", json=node), allowed=409)
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": NAME}}
        path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
        _ok(self._http.post(path, json=lease), allowed=409)
        self._heartbeat()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._over.set()
        self._http.delete(f"/api/v1/nodes/{NAME}")
        for thread in self._threads:
            thread.join(HEARTBEAT_SECONDS + 5)

    def _beat(self) -> None:
        while not self._over.wait(HEARTBEAT_SECONDS):
            self._heartbeat()

    def _heartbeat(self) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        ready = {"type": "Ready", "status": "True", "reason": "FakeNode", "message": ""}
        ready |= {"lastHeartbeatTime": now, "lastTransitionTime": now}
        self._patch(f"/api/v1/nodes/{NAME}/status", {"status": NODE_STATUS | {"conditions": [ready]}})
        spec = {"holderIdentity": NAME, "leaseDurationSeconds": 40, "renewTime": now.replace("Z", ".000000Z")}
        path = f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{NAME}"
        self._patch(path, {"spec": spec})

    def _follow(self) -> None:
        """Acts on each state of each pod; a watch that ends is begun again."""
        while not self._over.is_set():
            selected = {"fieldSelector": f"spec.nodeName={NAME}", "watch": "1", "timeoutSeconds": "5"}
            with (
                suppress(httpx.HTTPError),
                self._http.stream("GET", "/api/v1/pods", params=selected, timeout=30) as events,
            ):
                for line in events.iter_lines():
                    event = json.loads(line)
                    if event["type"] in {"ADDED", "MODIFIED"}:
                        self._act(event["object"])

    def _act(self, pod: Mapping[str, Any]) -> None:
        meta = pod["metadata"]
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        if "deletionTimestamp" in meta:
            now = {"gracePeriodSeconds": 0, "preconditions": {"uid": meta["uid"]}}
            self._http.request("DELETE", path, json=now)
        elif pod["status"].get("phase") == "Pending":
            self._patch(f"{path}/status", {"status": self._running(pod)})

    def _running(self, pod: Mapping[str, Any]) -> Json:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        number = next(self._addresses)
        address = f"10.99.{number // 250 % 250}.{number % 250 + 1}"
        conditions = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
        pulled = {"terminated": {"exitCode": 0, "reason": "Completed", "message": PULLED, "finishedAt": now}}
        spec = pod["spec"]
        return {
            "phase": "Running",
            "podIP": address,
            "podIPs": [{"ip": address}],
            "startTime": now,
            "conditions": [
                {"type": name, "status": "True", "lastTransitionTime": now} for name in conditions
            ],
            "initContainerStatuses": [_container(one, pulled) for one in spec.get("initContainers", ())],
            "containerStatuses": [
                _container(one, {"running": {"startedAt": now}}) for one in spec["containers"]
            ],
        }

    def _patch(self, path: str, change: Json) -> None:
        headers = {"content-type": "application/merge-patch+json"}
        _ok(self._http.patch(path, content=json.dumps(change), headers=headers), allowed=404)


def _container(spec: Mapping[str, Any], state: Json) -> Json:
    return {
        "name": spec["name"],
        "image": spec["image"],
        "imageID": spec["image"],
        "ready": True,
        "started": True,
        "restartCount": 0,
        "state": state,
    }


def _ok(answer: httpx.Response, *, allowed: int) -> None:
    """A conflict or a vanished pod is somebody else's news; anything else would make the test lie."""
    assert answer.is_success or answer.status_code in {allowed, 409}, answer.text
