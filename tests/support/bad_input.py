"""Bad input and what people read about it: one row each, for the API server and for the parser.

`server` is a part of the API server's refusal, `parser` of the operator's own message for an object
that was stored without such a check. An empty `parser` marks what the parser passes through,
because the API server refuses it once more in the object that it goes to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from manifests import GRAPH, HPA, PREDICTOR, REMOVED

SERVER_SIDE = f"{PREDICTOR}.server"
RESERVED = "must not use keys under slipway.dev, kubernetes.io or k8s.io"
LONG = "x" * 300
SELECTOR = {"matchLabels": {"slipway.dev/modeldeployment": "iris"}}


@dataclass(frozen=True)
class BadInput:
    """One wrong manifest: what is changed in the minimal one, and what the refusals say."""

    title: str
    changes: Mapping[str, Any]
    server: str
    parser: str

    def __str__(self) -> str:
        return self.title


def _same(title: str, path: str, value: object, message: str) -> BadInput:
    """A row whose two refusals hold the same words."""
    return BadInput(title, {path: value}, message, message)


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


NAMES = (
    _same("a name that no Service may have", "metadata.name", "1iris", "must be 1 to 40 lower-case letters"),
    _same("a name with dots", "metadata.name", "iris.v2", "must be 1 to 40 lower-case letters"),
    _same("a name that is too long", "metadata.name", "i" * 41, "because it becomes the name of a Service"),
    _same("a name that ends in a dash", "metadata.name", "iris-", "must be"),
    _same(
        "a predictor name with capitals", f"{PREDICTOR}.name", "Main", "must be 1 to 15 lower-case letters"
    ),
    BadInput(
        "a predictor name that is too long",
        {f"{PREDICTOR}.name": "p" * 16},
        "Too long: may not be more than 15 bytes",
        "must be 1 to 15 lower-case letters",
    ),
    _same("a model name with a slash", f"{GRAPH}.name", "a/b", "must be 1 to 63 letters"),
    _same("a model name that is a route", f"{GRAPH}.name", "stats", "must not be 'stats'"),
)

SIZES = (
    BadInput(
        "negative replicas",
        {"spec.replicas": -1},
        "spec.replicas in body should be greater than or equal to 0",
        "must be an integer from 0 to 1000, not -1",
    ),
    BadInput(
        "a billion replicas",
        {"spec.replicas": 10**9},
        "spec.replicas in body should be less than or equal to 1000",
        "must be an integer from 0 to 1000, not 1000000000",
    ),
    BadInput(
        "replicas beyond 64 bits",
        {"spec.replicas": 10**30},
        "spec.replicas",
        "must be an integer from 0 to 1000, not a number beyond 64 bits",
    ),
    BadInput(
        "replicas in words",
        {"spec.replicas": "two"},
        'spec.replicas in body must be of type integer: "string"',
        'must be an integer from 0 to 1000, not "two"',
    ),
    BadInput(
        "half a replica",
        {"spec.replicas": 1.5},
        'spec.replicas in body must be of type integer: "number"',
        "must be an integer from 0 to 1000, not 1.5",
    ),
    BadInput(
        "paused in words",
        {"spec.paused": "yes"},
        'spec.paused in body must be of type boolean: "string"',
        'must be true or false, not "yes"',
    ),
    BadInput(
        "a strategy that does not exist yet",
        {"spec.strategy": {"type": "BlueGreen"}},
        'Unsupported value: "BlueGreen": supported values: "RollingUpdate"',
        'must be one of RollingUpdate, not "BlueGreen"',
    ),
    _same(
        "a rolling update that cannot begin",
        "spec.strategy",
        {"rollingUpdate": {"maxSurge": 0}},
        "must not leave both maxSurge and maxUnavailable at 0",
    ),
    _same(
        "a rolling update at 0 per cent",
        "spec.strategy",
        {"rollingUpdate": {"maxSurge": "0%", "maxUnavailable": "0%"}},
        "set one of them to 1 or more",
    ),
    BadInput(
        "a surge in words",
        {"spec.strategy": {"rollingUpdate": {"maxSurge": "some"}}},
        "maxSurge in body should match",
        "must be an integer from 0 to 1000 or a percentage",
    ),
    _same(
        "a deadline before a pod may count",
        "spec",
        {
            "minReadySeconds": 30,
            "progressDeadlineSeconds": 30,
            "predictors": [{"name": "main", "graph": {"name": "iris", "modelUri": "s3://m/iris"}}],
        },
        "must be greater than minReadySeconds",
    ),
    BadInput(
        "a restart at no time",
        {"spec.rollout": {"restartAt": "tomorrow"}},
        "restartAt in body",
        "must be a time from the year 2000 on with its zone",
    ),
    BadInput(
        "a drain without end",
        {SERVER_SIDE: {"drainSeconds": 10**6}},
        "should be less than or equal to 3600",
        "must be an integer from 1 to 3600, not 1000000",
    ),
)

PREDICTORS = (
    _same(
        "two predictors",
        "spec.predictors",
        [
            {"name": name, "graph": {"name": "iris", "modelUri": "s3://models/iris/3"}}
            for name in ("main", "canary")
        ],
        "must hold exactly 1 predictor",
    ),
    BadInput(
        "no predictor",
        {"spec.predictors": []},
        "should have at least 1 items",
        "must hold exactly 1 predictor, not 0",
    ),
    BadInput(
        "no predictors at all",
        {"spec.predictors": REMOVED},
        "spec.predictors: Required value",
        "must hold exactly 1 predictor, not 0",
    ),
    BadInput("no spec", {"spec": REMOVED}, "spec: Required value", "spec: must be given; add it"),
    BadInput(
        "no model",
        {f"{GRAPH}.modelUri": REMOVED},
        "graph.modelUri: Required value",
        "modelUri: must be given",
    ),
    BadInput(
        "a server of Seldon's",
        {f"{GRAPH}.implementation": "TRITON_SERVER"},
        'supported values: "AUTO", "ONNX_SERVER"',
        'must be one of AUTO, ONNX_SERVER, not "TRITON_SERVER"',
    ),
    BadInput(
        "a short digest",
        {f"{GRAPH}.modelDigest": "sha256:abc"},
        "must be sha256 and a colon followed by 64 lower-case hex digits",
        "must be sha256 and a colon followed by 64 lower-case hex digits",
    ),
    BadInput(
        "a secret name with spaces",
        {f"{GRAPH}.envSecretRefName": "my secret"},
        "envSecretRefName in body should match",
        "must be the name of an object",
    ),
    _same("an image with spaces", f"{PREDICTOR}.runtimeImage", "a b", "must be an image reference"),
)

ADDRESSES = tuple(
    _same(title, f"{GRAPH}.modelUri", uri, message)
    for title, uri, message in (
        ("a scheme that does not exist", "gopher://models/iris", "must begin with file:///, http://"),
        ("a scheme that does not work yet", "gs://models/iris", "no other scheme is supported yet"),
        ("a path without a scheme", "/models/iris", "must begin with file:///"),
        ("an empty address", "", "must begin with file:///"),
        ("an address without a bucket", "s3://", "must name a path, host or bucket"),
        ("an address with a path for a bucket", "s3:///iris", "must name a path, host or bucket"),
        ("an address without a host", "https:///iris.onnx", "must name a path, host or bucket"),
        ("a web site for a file", "https://example.com", "must name one file"),
        ("a folder over HTTP", "https://example.com/models/?a=b", "there are no folders over HTTP"),
        (
            "an address with a password",
            "https://me:hunter2@example.com/m",
            "must not hold a user name or password",
        ),
        ("an address that climbs", "s3://models/../secrets", "must not hold '..'"),
        ("an address that climbs in disguise", "https://example.com/a/%2E%2e/b", "must not hold '..'"),
        (
            "an address with a variable",
            "http://example.com/$(AWS_SECRET_ACCESS_KEY)",
            "must hold only characters",
        ),
        ("an address with a line feed", "s3://models/iris\nEVIL=1", "must hold only characters"),
        ("an address with an escape code", "s3://models/\x1b[31miris", "must hold only characters"),
        ("an address with a NUL", "s3://models/\x00", "must hold only characters"),
        ("an address beyond ASCII", "s3://models/größe", "must hold only characters"),
        ("an address that turns the text round", "s3://models/\u202esiri", "must hold only characters"),
    )
)

PODS = (
    _same(
        "a variable that loads code",
        f"{PREDICTOR}.env",
        _env("LD_PRELOAD", "/mnt/model/x.so"),
        "must be TZ, LANG",
    ),
    _same(
        "a Python path",
        f"{PREDICTOR}.env",
        _env("PYTHONPATH"),
        "others would have no effect, or change what code runs",
    ),
    _same("a proxy", f"{PREDICTOR}.env", _env("HTTPS_PROXY"), "must be TZ, LANG"),
    _same("an OpenMP tool", f"{PREDICTOR}.env", _env("OMP_TOOL_LIBRARIES"), "must be TZ, LANG"),
    _same("a setting of the operator's", f"{PREDICTOR}.env", _env("SLIPWAY_REVISION"), "must be TZ, LANG"),
    _same("a variable in a variable", f"{PREDICTOR}.env", _env("TZ", "$(AWS_REGION)"), "must not hold '$('"),
    _same(
        "a NUL in a variable",
        f"{PREDICTOR}.env",
        _env("TZ", "a\x00b"),
        "must not hold control characters",
    ),
    _same(
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
    _same("a label of ours", f"{PREDICTOR}.labels", {"slipway.dev/track": "x"}, RESERVED),
    _same("a label of Kubernetes'", f"{PREDICTOR}.labels", {"app.kubernetes.io/name": "x"}, RESERVED),
    _same("an annotation of Kubernetes'", f"{PREDICTOR}.annotations", {"batch.k8s.io/x": "x"}, RESERVED),
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
    _same(
        "two limits of disruption",
        f"{PREDICTOR}.pdbSpec",
        {"minAvailable": 1, "maxUnavailable": 1},
        "must have exactly one of minAvailable and maxUnavailable",
    ),
    _same("no limit of disruption", f"{PREDICTOR}.pdbSpec", {}, "must have exactly one of minAvailable"),
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

BAD_INPUT = NAMES + SIZES + PREDICTORS + ADDRESSES + PODS + SCALING + UNKNOWN
