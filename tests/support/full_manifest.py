"""Two valid ModelDeployments that together have every field of the spec.

Two, because some fields exclude each other: replicas and hpaSpec, the two limits of pdbSpec.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from manifests import Json, changed, minimal

_SELECTOR = {
    "matchLabels": {"slipway.dev/modeldeployment": "iris"},
    "matchExpressions": [{"key": "tier", "operator": "In", "values": ["gold"]}],
}
_NODE_TERM = {
    "matchExpressions": [{"key": "zone", "operator": "In", "values": ["a", "b"]}],
    "matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}],
}
_POD_TERM = {
    "topologyKey": "kubernetes.io/hostname",
    "labelSelector": _SELECTOR,
    "namespaces": ["models"],
    "namespaceSelector": _SELECTOR,
    "matchLabelKeys": ["pod-template-hash"],
    "mismatchLabelKeys": ["team"],
}
_POD_RULES = {
    "requiredDuringSchedulingIgnoredDuringExecution": [_POD_TERM],
    "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": _POD_TERM}],
}
_METRIC = {"name": "queue_length", "selector": _SELECTOR}


_TARGETS: dict[str, Json] = {
    "Utilization": {"type": "Utilization", "averageUtilization": 50},
    "AverageValue": {"type": "AverageValue", "averageValue": "1500m"},
    "Value": {"type": "Value", "value": 10},
}
_METRICS: list[Json] = [
    {"type": "Resource", "resource": {"name": "cpu", "target": _TARGETS["Utilization"]}},
    {
        "type": "ContainerResource",
        "containerResource": {"name": "memory", "container": "server", "target": _TARGETS["AverageValue"]},
    },
    {"type": "Pods", "pods": {"metric": _METRIC, "target": _TARGETS["AverageValue"]}},
    {
        "type": "Object",
        "object": {
            "describedObject": {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "main"},
            "metric": _METRIC,
            "target": _TARGETS["Value"],
        },
    },
    {"type": "External", "external": {"metric": _METRIC, "target": _TARGETS["AverageValue"]}},
]
_SCALING_RULES = {
    "stabilizationWindowSeconds": 60,
    "selectPolicy": "Min",
    "policies": [{"type": "Percent", "value": 50, "periodSeconds": 15}],
}
_STRATEGY: Json = {
    "type": "BlueGreen",
    "blueGreen": {
        "autoPromotionEnabled": True,
        "autoPromotionSeconds": 0,
        "previewReplicaCount": 1,
        "scaleDownDelaySeconds": 30,
        "abortScaleDownDelaySeconds": 30,
        "progressDeadlineAbort": True,
    },
}
_PREDICTOR: dict[str, Any] = {
    "name": "main",
    "graph": {
        "name": "iris",
        "implementation": "ONNX_SERVER",
        "modelUri": "https://models.example/iris/3?part=1",
        "modelDigest": "sha256:" + "0123456789abcdef" * 4,
        "envSecretRefName": "s3-credentials",
        "parameters": [
            {"name": "method", "type": "STRING", "value": "predict_proba"},
            {"name": "allow_native", "type": "BOOL", "value": "true"},
        ],
    },
    "server": {"drainSeconds": 5, "requestTimeoutSeconds": 30, "startupTimeoutSeconds": 120},
    "runtimeImage": "registry.example:5000/slipway-runtime:1.0",
    "resources": {
        "requests": {"cpu": "500m", "memory": "512Mi"},
        "limits": {"cpu": 1, "memory": "1Gi", "nvidia.com/gpu": 1},
    },
    "env": [{"name": "OMP_NUM_THREADS", "value": "1"}],
    "pdbSpec": {"maxUnavailable": "25%"},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [
        {"key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoExecute", "tolerationSeconds": 60}
    ],
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [_NODE_TERM]},
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "preference": _NODE_TERM}],
        },
        "podAffinity": _POD_RULES,
        "podAntiAffinity": _POD_RULES,
    },
    "topologySpreadConstraints": [
        {
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": _SELECTOR,
            "minDomains": 2,
            "nodeAffinityPolicy": "Honor",
            "nodeTaintsPolicy": "Ignore",
            "matchLabelKeys": ["pod-template-hash"],
        }
    ],
    "priorityClassName": "models",
    "imagePullSecrets": [{"name": "registry"}],
    "serviceAccountName": "models",
    "labels": {"example.com/team": "flowers"},
    "annotations": {"prometheus.io/scrape": "true"},
}


def fixed_size() -> Json:
    """Every field but the autoscaler's. A copy of its own: whoever changes it changes nobody else's."""
    return changed(
        minimal(),
        {
            "spec": {
                "replicas": 2,
                "minReadySeconds": 5,
                "progressDeadlineSeconds": 300,
                "revisionHistoryLimit": 5,
                "paused": False,
                "strategy": {
                    "type": "RollingUpdate",
                    "rollingUpdate": {"maxSurge": "50%", "maxUnavailable": 0},
                },
                "rollout": {
                    "restartAt": "2026-11-21T10:00:00Z",
                    "promote": "6f8d9c7b5",
                    "abort": "0b7e44a19",
                },
                "predictors": [deepcopy(_PREDICTOR)],
            }
        },
    )


def autoscaled() -> Json:
    """Every field of the autoscaler and of blueGreen, and the other limit of the disruption budget."""
    behavior = {"scaleUp": _SCALING_RULES, "scaleDown": _SCALING_RULES}
    hpa = {"minReplicas": 2, "maxReplicas": 4, "metrics": _METRICS, "behavior": behavior}
    predictor = deepcopy(_PREDICTOR | {"hpaSpec": hpa, "pdbSpec": {"minAvailable": 1}})
    return changed(minimal(), {"spec": {"strategy": _STRATEGY, "predictors": [predictor]}})
