"""Where objects of each kind lie in the API, and how tests name one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

_PATHS = {
    "Namespace": ("/api/v1", "namespaces"),
    "Node": ("/api/v1", "nodes"),
    "ClusterRole": ("/apis/rbac.authorization.k8s.io/v1", "clusterroles"),
    "CustomResourceDefinition": ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions"),
    "Pod": ("/api/v1", "pods"),
    "Secret": ("/api/v1", "secrets"),
    "Service": ("/api/v1", "services"),
    "ServiceAccount": ("/api/v1", "serviceaccounts"),
    "ResourceQuota": ("/api/v1", "resourcequotas"),
    "Event": ("/api/v1", "events"),
    "Deployment": ("/apis/apps/v1", "deployments"),
    "ReplicaSet": ("/apis/apps/v1", "replicasets"),
    "ControllerRevision": ("/apis/apps/v1", "controllerrevisions"),
    "HorizontalPodAutoscaler": ("/apis/autoscaling/v2", "horizontalpodautoscalers"),
    "PodDisruptionBudget": ("/apis/policy/v1", "poddisruptionbudgets"),
    "EndpointSlice": ("/apis/discovery.k8s.io/v1", "endpointslices"),
    "Lease": ("/apis/coordination.k8s.io/v1", "leases"),
    "ModelDeployment": ("/apis/slipway.dev/v1alpha1", "modeldeployments"),
}
_CLUSTER_WIDE = {"Namespace", "Node", "ClusterRole", "CustomResourceDefinition"}


@dataclass(frozen=True)
class Ref:
    """Which object."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def ref_of(manifest: Mapping[str, Any]) -> Ref:
    """Which object a manifest is about."""
    metadata = manifest["metadata"]
    return Ref(manifest["kind"], metadata.get("namespace", ""), metadata["name"])


def collection(kind: str, namespace: str) -> str:
    """The path of all objects of a kind in a namespace."""
    prefix, plural = _PATHS[kind]
    return f"{prefix}/{plural}" if kind in _CLUSTER_WIDE else f"{prefix}/namespaces/{namespace}/{plural}"


def path(ref: Ref) -> str:
    """The path of one object."""
    return f"{collection(ref.kind, ref.namespace)}/{ref.name}"


def api_version(kind: str) -> str:
    """What objects of that kind carry as `apiVersion`: items of a list come without it."""
    return _PATHS[kind][0].removeprefix("/apis/").removeprefix("/api/")
