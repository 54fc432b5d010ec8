"""The controllers of a cluster as single steps: what Kubernetes does between two looks of an operator.

`Cluster.step()` runs each of them once, in a fixed order; `settle()` until nothing changes. Pods
belong to their Deployment directly (by a made-up ReplicaSet reference); they turn out as
`outcomes`, by model URI, says.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from world import ApiError, World, matches, rfc3339
from world_fields import Object
from world_pods import Outcome, status_of

CONTROLLER: Final = "kube-controller-manager"
MAX_STEPS: Final = 200
UNMEASURED: Final = timedelta(seconds=30)
"""How long a pod's metrics take to arrive."""


def share(value: int | str, total: int, *, up: bool) -> int:
    """A count or a percentage of `total`, rounded as Kubernetes does."""
    if isinstance(value, int):
        return value
    exact = total * int(value.rstrip("%")) / 100
    return math.ceil(exact) if up else math.floor(exact)


def template_hash(deployment: Object) -> str:
    """What tells two pod templates apart."""
    text = json.dumps(deployment["spec"]["template"], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def is_ready(pod: Object) -> bool:
    """Whether the pod's Ready condition is True."""
    return any(
        c["type"] == "Ready" and c["status"] == "True" for c in pod.get("status", {}).get("conditions", ())
    )


def _ready_since(pod: Object) -> datetime:
    """When a pod last became ready, or the beginning of time."""
    times = [
        datetime.fromisoformat(c["lastTransitionTime"])
        for c in pod.get("status", {}).get("conditions", ())
        if c["type"] == "Ready" and c["status"] == "True"
    ]
    return max(times, default=datetime.min.replace(tzinfo=UTC))


def is_ending(pod: Object) -> bool:
    """Whether the pod is being deleted."""
    return "deletionTimestamp" in pod["metadata"]


@dataclass
class Cluster:
    """A world in which time passes."""

    world: World
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    """By model URI; what is not named becomes ready."""
    wants: dict[str, int] = field(default_factory=dict)
    """By autoscaler name: the size that the load asks for."""
    aims: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    """By autoscaler uid: its target's uid, and until when it takes that one's new pods for idle."""
    refused: set[str] = field(default_factory=set)
    """Uids of Deployments that wanted a pod in this step and did not get it."""
    kept: set[str] = field(default_factory=set)
    """Names of pods that stay as they are, whatever `outcomes` says now."""
    pods_made: int = 0

    def copy(self, world: World) -> Cluster:
        """The same controllers in a copy of their world."""
        outcomes, wants, aims = dict(self.outcomes), dict(self.wants), dict(self.aims)
        refused, kept = set(self.refused), set(self.kept)
        return replace(
            self, world=world, outcomes=outcomes, wants=wants, aims=aims, refused=refused, kept=kept
        )

    def settle(self) -> None:
        """Steps until nothing changes."""
        for _ in range(MAX_STEPS):
            before = self.world.version
            self.step()
            if self.world.version == before:
                return
        raise AssertionError(f"the cluster did not settle in {MAX_STEPS} steps")

    def step(self) -> None:
        """Every controller once."""
        self.collect_garbage()
        self.autoscale()
        self.roll_deployments()
        self.run_pods()
        self.report_deployments()
        self.publish_endpoints()

    # ---- garbage collection

    def collect_garbage(self) -> None:
        """Delete what has owners, none of which is there any more."""
        alive = {obj["metadata"]["uid"] for obj in self.world.objects.values()}
        for (kind, namespace, name), obj in list(self.world.objects.items()):
            owners = [ref["uid"].split("/")[0] for ref in obj["metadata"].get("ownerReferences", ())]
            if owners and not alive.intersection(owners):
                self.world.delete(kind, namespace, name)

    # ---- autoscaling

    def autoscale(self) -> None:
        """Write each target's size as wanted, within the limits, through the scale subresource."""
        for hpa in self.world.peek("HorizontalPodAutoscaler"):
            spec, namespace = hpa["spec"], hpa["metadata"]["namespace"]
            target = self.world.find(
                spec["scaleTargetRef"]["kind"], namespace, spec["scaleTargetRef"]["name"]
            )
            if target is None or target["spec"].get("replicas", 1) == 0:
                continue
            size = target["spec"].get("replicas", 1)
            wanted = 0 if self._blind(hpa, target) else self.wants.get(hpa["metadata"]["name"], size)
            shrinks = (spec.get("behavior") or {}).get("scaleDown", {}).get("selectPolicy") != "Disabled"
            bounded = min(max(wanted, spec["minReplicas"]), spec["maxReplicas"])
            if bounded > size or (bounded < size and shrinks):
                self.world.scale(target["kind"], namespace, target["metadata"]["name"], bounded, CONTROLLER)

    def _blind(self, hpa: Object, target: Object) -> bool:
        """Whether it has no metrics yet of a set that it was just aimed at: it takes that for idle."""
        now, who, aimed = self.world.now, hpa["metadata"]["uid"], target["metadata"]["uid"]
        if self.aims.get(who, ("",))[0] != aimed:
            young = any(_ready_since(pod) > now - UNMEASURED for pod in self.pods_of(target))
            self.aims[who] = (aimed, now + UNMEASURED if young else now)
        return now < self.aims[who][1]

    # ---- deployments

    def pods_of(self, deployment: Object) -> list[Object]:
        """The pods that a Deployment made."""
        prefix = deployment["metadata"]["uid"] + "/"
        return [
            pod
            for pod in self.world.peek("Pod", deployment["metadata"]["namespace"])
            if pod["metadata"]["ownerReferences"][0]["uid"].startswith(prefix)
        ]

    def roll_deployments(self) -> None:
        """One step of every rolling update: surge up, old down, never below what must be available."""
        self.refused = set()
        for deployment in self.world.peek("Deployment"):
            self._roll(deployment)

    def _roll(self, deployment: Object) -> None:
        limits = deployment["spec"]["strategy"]["rollingUpdate"]
        size = deployment["spec"]["replicas"]
        surge = share(limits["maxSurge"], size, up=True)
        unavailable = share(limits["maxUnavailable"], size, up=False) or (0 if surge else 1)
        mark = template_hash(deployment)
        pods = [pod for pod in self.pods_of(deployment) if not is_ending(pod)]
        if deployment["spec"].get("paused"):
            self._hold(deployment, pods, surge)
            return
        new = [pod for pod in pods if pod["metadata"]["labels"]["pod-template-hash"] == mark]
        old = [pod for pod in pods if pod not in new]
        for _ in range(min(size - len(new), size + surge - len(pods) if old else size - len(new))):
            self._start_pod(deployment, mark)
        for pod in sorted(new, key=self._is_available)[: max(0, len(new) - size)]:
            self._end_pod(pod)
        spare = sum(map(self._is_available, pods)) - (size - unavailable)
        for pod in sorted(old, key=self._is_available):
            spare -= self._is_available(pod)
            if spare < 0:
                break
            self._end_pod(pod)

    def _hold(self, deployment: Object, pods: list[Object], surge: int) -> None:
        """Paused: only the size follows, with pods of the template that most have."""
        marks = Counter(pod["metadata"]["labels"]["pod-template-hash"] for pod in pods)
        size = deployment["spec"]["replicas"]
        mark = marks.most_common(1)[0][0] if marks else template_hash(deployment)
        for _ in range(size - len(pods) if marks else 0):
            self._start_pod(deployment, mark, next((p for p in pods if mark in p["metadata"]["name"]), None))
        allowed = size + (surge if len(marks) > 1 else 0)
        for pod in sorted(pods, key=self._is_available)[: max(0, len(pods) - allowed)]:
            self._end_pod(pod)

    def _is_available(self, pod: Object) -> bool:
        since = next((c for c in pod.get("status", {}).get("conditions", ()) if c["type"] == "Ready"), None)
        if since is None or since["status"] != "True":
            return False
        minimum = int(pod["metadata"]["annotations"].get("test/min-ready-seconds", "0"))
        return self.world.now >= datetime.fromisoformat(since["lastTransitionTime"]) + timedelta(
            seconds=minimum
        )

    def _start_pod(self, deployment: Object, mark: str, like: Object | None = None) -> None:
        self.pods_made += 1
        template, meta = like or deployment["spec"]["template"], deployment["metadata"]
        owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "controller": True}
        owner |= {"name": f"{meta['name']}-{mark}", "uid": f"{meta['uid']}/{mark}"}
        notes = {k: v for k, v in template["metadata"].get("annotations", {}).items() if k != "test/state"}
        notes["test/min-ready-seconds"] = str(deployment["spec"].get("minReadySeconds", 0))
        pod: Object = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"{meta['name']}-{mark}-{self.pods_made:05}",
                "namespace": meta["namespace"],
                "labels": template["metadata"].get("labels", {}) | {"pod-template-hash": mark},
                "annotations": notes,
                "ownerReferences": [owner],
            },
            "spec": template["spec"],
            "status": {"phase": "Pending"},
        }
        try:
            self.world.create(pod, CONTROLLER)
        except ApiError as error:
            self._note_failure(deployment, error)

    def _note_failure(self, deployment: Object, error: ApiError) -> None:
        failure = {
            "type": "ReplicaFailure",
            "status": "True",
            "reason": "FailedCreate",
            "message": error.message,
        }
        self.refused.add(deployment["metadata"]["uid"])
        status = deployment.get("status", {})
        rest = [one for one in status.get("conditions", ()) if one["type"] != failure["type"]]
        self._write_status(deployment, {**status, "conditions": [*rest, failure]})

    def _end_pod(self, pod: Object) -> None:
        meta = pod["metadata"] | {"deletionTimestamp": rfc3339(self.world.now)}
        self.world.put({**pod, "metadata": meta}, CONTROLLER)

    def report_deployments(self) -> None:
        """Every Deployment's status, from its pods."""
        for deployment in self.world.peek("Deployment"):
            mark = template_hash(deployment)
            pods = [pod for pod in self.pods_of(deployment) if not is_ending(pod)]
            size = deployment["spec"]["replicas"]
            available = sum(map(self._is_available, pods))
            failed = [
                c for c in deployment.get("status", {}).get("conditions", ()) if c["type"] == "ReplicaFailure"
            ]
            state = "True" if available >= size else "False"
            counts = {
                "replicas": len(pods),
                "updatedReplicas": sum(
                    pod["metadata"]["labels"]["pod-template-hash"] == mark for pod in pods
                ),
                "readyReplicas": sum(map(is_ready, pods)),
                "availableReplicas": available,
            }
            status: dict[str, Any] = {name: count for name, count in counts.items() if count}
            status["observedGeneration"] = deployment["metadata"]["generation"]
            status["conditions"] = [{"type": "Available", "status": state}]
            if deployment["metadata"]["uid"] in self.refused:
                status["conditions"] += failed
            self._write_status(deployment, status)

    def _write_status(self, obj: Object, status: Object) -> None:
        if obj.get("status") != status:
            meta = {name: value for name, value in obj["metadata"].items() if name != "resourceVersion"}
            self.world.put({**obj, "metadata": meta, "status": status}, CONTROLLER, "status")

    # ---- kubelet

    def run_pods(self) -> None:
        """Each pod one state further: ended ones go, new ones turn out as scripted."""
        for pod in self.world.peek("Pod"):
            meta = pod["metadata"]
            if is_ending(pod):
                self.world.delete("Pod", meta["namespace"], meta["name"])
                continue
            uri = pod["spec"]["initContainers"][0]["args"][1]
            outcome = self.outcomes.get(uri, Outcome())
            same = meta["annotations"].get("test/state") == repr(outcome)
            if same or outcome.state == "pending" or meta["name"] in self.kept:
                continue
            marked = {
                **pod,
                "metadata": {**meta, "annotations": {**meta["annotations"], "test/state": repr(outcome)}},
            }
            stored = self.world.put(marked, "kubelet")
            self._write_status(stored, status_of(uri, outcome, rfc3339(self.world.now)))

    # ---- endpoints

    def publish_endpoints(self) -> None:
        """One EndpointSlice for each Service, with the Service's labels."""
        for service in self.world.peek("Service"):
            meta = service["metadata"]
            pods = [
                pod
                for pod in self.world.peek("Pod", meta["namespace"])
                if matches(pod["metadata"]["labels"], service["spec"]["selector"])
            ]
            endpoints = [
                {
                    "addresses": [f"10.1.{i // 250}.{i % 250}"],
                    "conditions": {
                        "ready": is_ready(pod) and not is_ending(pod),
                        "serving": is_ready(pod),
                        "terminating": is_ending(pod),
                    },
                    "targetRef": {
                        "kind": "Pod",
                        "name": pod["metadata"]["name"],
                        "uid": pod["metadata"]["uid"],
                    },
                }
                for i, pod in enumerate(pods)
            ]
            self._publish(service, endpoints)

    def _publish(self, service: Object, endpoints: list[Object]) -> None:
        meta = service["metadata"]
        owner = {
            "apiVersion": "v1",
            "kind": "Service",
            "name": meta["name"],
            "uid": meta["uid"],
            "controller": True,
        }
        wanted: Object = {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{meta['name']}-slice",
                "namespace": meta["namespace"],
                "labels": meta.get("labels", {}) | {"kubernetes.io/service-name": meta["name"]},
                "ownerReferences": [owner],
            },
            "addressType": "IPv4",
            "endpoints": endpoints,
            "ports": [
                {"name": port.get("name", ""), "port": port["targetPort"]}
                for port in service["spec"]["ports"]
            ],
        }
        if self.world.find("EndpointSlice", meta["namespace"], wanted["metadata"]["name"]) is None:
            self.world.create(wanted, "endpointslice-controller")
        else:
            self.world.put(wanted, "endpointslice-controller")
