"""Bad input in what goes to the pods, in scaling, and in fields that do not exist."""

from __future__ import annotations

from typing import Any

from bad_row import BadInput, same
from manifests import GRAPH, HPA, PREDICTOR, REMOVED

RESERVED = "must not use keys under slipway.dev, kubernetes.io or k8s.io"
SELECTOR = {"matchLabels": {"slipway.dev/modeldeployment": "iris"}}


def _cpu(kind: str, **target: object) -> dict[str, Any]:
    return {
        "maxReplicas": 3,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": kind, **target}}}],
    }


def _env(name: str, value: object = "1") -> list[dict[str, Any]]:
    return [{"name": name, "value": value}]


def _spread(**fields: object) -> list[dict[str, Any]]:
    constraint = {
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": SELECTOR,
    }
    return [{key: value for key, value in {**constraint, **fields}.items() if value is not REMOVED}]


PODS = (
    same(
        "a variable that loads code",
        f"{PREDICTOR}.env",
        _env("LD_PRELOAD", "/mnt/model/x.so"),
        "must be TZ, LANG",
    ),
    same(
        "a Python path",
        f"{PREDICTOR}.env",
        _env("PYTHONPATH"),
        "others would have no effect, or change what code runs",
    ),
    same("a proxy", f"{PREDICTOR}.env", _env("HTTPS_PROXY"), "must be TZ, LANG"),
    same("an OpenMP tool", f"{PREDICTOR}.env", _env("OMP_TOOL_LIBRARIES"), "must be TZ, LANG"),
    same("a setting of the operator's", f"{PREDICTOR}.env", _env("SLIPWAY_REVISION"), "must be TZ, LANG"),
    same("a variable in a variable", f"{PREDICTOR}.env", _env("TZ", "$(AWS_REGION)"), "must not hold '$('"),
    same(
        "a NUL in a variable",
        f"{PREDICTOR}.env",
        _env("TZ", "a\x00b"),
        "must not hold control characters",
    ),
    same(
        "an escape code in a variable",
        f"{PREDICTOR}.env",
        _env("TZ", "\x1b[2J"),
        "write the value on one",
    ),
    BadInput(
        "a variable twice",
        {f"{PREDICTOR}.env": [*_env("TZ", "a"), *_env("TZ", "b")]},
        'Duplicate value: {"name":"TZ"}',
        'must not name "TZ" twice; remove one',
    ),
    BadInput(
        "a variable from a Secret",
        {f"{PREDICTOR}.env": [{"name": "TZ", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]},
        "unknown field",
        'must not have unknown fields: "valueFrom"',
    ),
    BadInput(
        "5,000 variables",
        {f"{PREDICTOR}.env": [{"name": f"LC_{number}", "value": "1"} for number in range(5_000)]},
        "Too many: 5000: must have at most 32 items",
        "must have at most 32 items, not 5000",
    ),
    same("a label of ours", f"{PREDICTOR}.labels", {"slipway.dev/track": "x"}, RESERVED),
    same("a label of Kubernetes'", f"{PREDICTOR}.labels", {"app.kubernetes.io/name": "x"}, RESERVED),
    same("an annotation of Kubernetes'", f"{PREDICTOR}.annotations", {"batch.k8s.io/x": "x"}, RESERVED),
    BadInput(
        "a label with a line feed",
        {f"{PREDICTOR}.labels": {"team": "a\nb"}},
        "labels.team in body should match",
        "labels.team: must be empty or letters, digits",
    ),
    BadInput(
        "an annotation with an escape code",
        {f"{PREDICTOR}.annotations": {"team": "\x1b[31m"}},
        "annotations.team in body should match",
        "annotations.team: must not hold control characters",
    ),
    BadInput(
        "CPU in words",
        {f"{PREDICTOR}.resources": {"requests": {"cpu": "much"}}},
        "resources.requests.cpu in body should match",
        'must be a quantity such as 500m, 2 or 1Gi, not "much"',
    ),
    BadInput(
        "a negative request",
        {f"{PREDICTOR}.resources": {"requests": {"cpu": -1}}},
        "resources.requests.cpu in body should be greater than or equal to 0",
        "must be a quantity such as 500m, 2 or 1Gi, not -1",
    ),
    BadInput(
        "a request above its limit",
        {f"{PREDICTOR}.resources": {"requests": {"memory": "1Gi"}, "limits": {"memory": "1000M"}}},
        "must not request more of a resource than its limit",
        "must not request more memory than its limit",
    ),
    BadInput(
        "a toleration of everything with a value",
        {f"{PREDICTOR}.tolerations": [{"operator": "Exists", "value": "x"}]},
        "must not have a value with operator Exists",
        "",
    ),
    BadInput(
        "an affinity with a typing error",
        {f"{PREDICTOR}.affinity": {"podAntiAfinity": {}}},
        'unknown field "spec.predictors[0].affinity.podAntiAfinity"',
        "",
    ),
    BadInput(
        "a spread that counts no pods",
        {f"{PREDICTOR}.topologySpreadConstraints": _spread(labelSelector=REMOVED)},
        "labelSelector: Required value",
        "",
    ),
    BadInput(
        "a container of the user's own",
        {f"{PREDICTOR}.containers": [{"name": "x"}]},
        'unknown field "spec.predictors[0].containers"',
        'must not have unknown fields: "containers"',
    ),
    BadInput(
        "the host's network",
        {f"{PREDICTOR}.hostNetwork": True},
        'unknown field "spec.predictors[0].hostNetwork"',
        'must not have unknown fields: "hostNetwork"',
    ),
)

SCALING = (
    BadInput(
        "an autoscaler upside down",
        {HPA: {"minReplicas": 3, "maxReplicas": 2}, f"{PREDICTOR}.resources": {"requests": {"cpu": 1}}},
        "must not be greater than maxReplicas",
        "must not be greater than maxReplicas, which is 2, but is 3",
    ),
    BadInput(
        "an autoscaler that may stop everything",
        {HPA: {"minReplicas": 0, "maxReplicas": 2}},
        "should be greater than or equal to 1",
        "must be an integer from 1 to 1000, not 0",
    ),
    BadInput(
        "an autoscaler without an end", {HPA: {}}, "maxReplicas: Required value", "maxReplicas: must be given"
    ),
    BadInput(
        "an autoscaler and replicas",
        {"spec.replicas": 2, HPA: {"maxReplicas": 2}, f"{PREDICTOR}.resources": {"requests": {"cpu": 1}}},
        "spec.replicas: Invalid value: must not be set together with hpaSpec",
        "must not be set together with hpaSpec",
    ),
    BadInput(
        "an autoscaler on CPU that nobody requests",
        {HPA: {"maxReplicas": 2}},
        "must request cpu (resources.requests.cpu)",
        "must request cpu (resources.requests.cpu)",
    ),
    BadInput(
        "a CPU metric that nobody requests",
        {
            HPA: _cpu("Utilization", averageUtilization=50),
            f"{PREDICTOR}.resources": {"requests": {"memory": 1}},
        },
        "must request each resource that a metric of hpaSpec measures by Utilization",
        "must request cpu (resources.requests.cpu)",
    ),
    BadInput(
        "a metric without its member",
        {HPA: {"maxReplicas": 2, "metrics": [{"type": "Pods"}]}},
        "must have exactly the member that type names",
        "",
    ),
    BadInput(
        "a target without its member",
        {HPA: _cpu("AverageValue", averageUtilization=5)},
        "must have exactly the member that type names - averageUtilization for Utilization",
        "",
    ),
    BadInput(
        "a metric of an unknown type",
        {HPA: {"maxReplicas": 2, "metrics": [{"type": "Moon"}]}},
        'Unsupported value: "Moon"',
        "must be one of Resource, ContainerResource, Pods, Object, External",
    ),
    same(
        "two limits of disruption",
        f"{PREDICTOR}.pdbSpec",
        {"minAvailable": 1, "maxUnavailable": 1},
        "must have exactly one of minAvailable and maxUnavailable",
    ),
    same("no limit of disruption", f"{PREDICTOR}.pdbSpec", {}, "must have exactly one of minAvailable"),
)

UNKNOWN = (
    BadInput(
        "a typing error in spec",
        {"spec.replica": 2},
        'unknown field "spec.replica"',
        'must not have unknown fields: "replica"',
    ),
    BadInput(
        "a field of Seldon's",
        {f"{GRAPH}.children": []},
        'unknown field "spec.predictors[0].graph.children"',
        'must not have unknown fields: "children"',
    ),
    BadInput(
        "a field at the top", {"specs": {}}, 'unknown field "specs"', 'must not have unknown fields: "specs"'
    ),
)
