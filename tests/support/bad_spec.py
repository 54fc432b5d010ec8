"""Bad input in names, sizes, predictors and addresses."""

from __future__ import annotations

from bad_row import BadInput, same
from manifests import GRAPH, PREDICTOR, REMOVED

SERVER_SIDE = f"{PREDICTOR}.server"

NAMES = (
    same("a name that no Service may have", "metadata.name", "1iris", "must be 1 to 40 lower-case letters"),
    same("a name with dots", "metadata.name", "iris.v2", "must be 1 to 40 lower-case letters"),
    same("a name that is too long", "metadata.name", "i" * 41, "because it becomes the name of a Service"),
    same("a name that ends in a dash", "metadata.name", "iris-", "must be"),
    same("a predictor name with capitals", f"{PREDICTOR}.name", "Main", "must be 1 to 15 lower-case letters"),
    BadInput(
        "a predictor name that is too long",
        {f"{PREDICTOR}.name": "p" * 16},
        "Too long: may not be more than 15 bytes",
        "must be 1 to 15 lower-case letters",
    ),
    same("a model name with a slash", f"{GRAPH}.name", "a/b", "must be 1 to 63 letters"),
    same("a model name that is a route", f"{GRAPH}.name", "stats", "must not be 'stats'"),
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
        {"spec.strategy": {"type": "Canary"}},
        'Unsupported value: "Canary": supported values: "RollingUpdate", "BlueGreen"',
        'must be one of RollingUpdate, BlueGreen, not "Canary"',
    ),
    same(
        "limits of a strategy that is not chosen",
        "spec.strategy",
        {"blueGreen": {"scaleDownDelaySeconds": 60}},
        "must not be set unless type is BlueGreen",
    ),
    same(
        "seconds until a promotion that does not come by itself",
        "spec.strategy",
        {"type": "BlueGreen", "blueGreen": {"autoPromotionEnabled": False, "autoPromotionSeconds": 30}},
        "must not be set",
    ),
    BadInput(
        "a preview without pods",
        {"spec.strategy": {"type": "BlueGreen", "blueGreen": {"previewReplicaCount": 0}}},
        "should be greater than or equal to 1",
        "must be an integer from 1 to 1000, not 0",
    ),
    same(
        "a revision promoted and aborted",
        "spec.rollout",
        {"promote": "6f8d9c7b5", "abort": "6f8d9c7b5"},
        "must not promote and abort the same revision",
    ),
    BadInput(
        "a promotion of the latest",
        {"spec.rollout": {"promote": "latest"}},
        "promote in body should match",
        "must be the name of a revision",
    ),
    same(
        "a rolling update that cannot begin",
        "spec.strategy",
        {"rollingUpdate": {"maxSurge": 0}},
        "must not leave both maxSurge and maxUnavailable at 0",
    ),
    same(
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
    same(
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
    same(
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
        'LIGHTGBM_SERVER, MLFLOW_SERVER, not "TRITON_SERVER"',
    ),
    BadInput(
        "a parameter of Seldon's that means nothing here",
        {f"{GRAPH}.parameters": [{"name": "threads", "type": "STRING", "value": "predict"}]},
        'supported values: "method", "allow_native"',
        'must be one of method, allow_native, not "threads"',
    ),
    BadInput(
        "a parameter of another type",
        {f"{GRAPH}.parameters": [{"name": "allow_native", "type": "STRING", "value": "true"}]},
        "must be STRING for method and BOOL for allow_native",
        "must be BOOL for allow_native, not STRING",
    ),
    BadInput(
        "a parameter with another's value",
        {f"{GRAPH}.parameters": [{"name": "method", "type": "STRING", "value": "true"}]},
        "must be predict, predict_proba or decision_function for method",
        "must be one of predict, predict_proba, decision_function, not",
    ),
    BadInput(
        "a parameter twice",
        {f"{GRAPH}.parameters": [{"name": "method", "type": "STRING", "value": "predict"}] * 2},
        "Duplicate value",
        'must not name "method" twice',
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
    same("an image with spaces", f"{PREDICTOR}.runtimeImage", "a b", "must be an image reference"),
)

ADDRESSES = tuple(
    same(title, f"{GRAPH}.modelUri", uri, message)
    for title, uri, message in (
        ("a scheme that does not exist", "gopher://models/iris", "must begin with file:///, http://"),
        ("a scheme that does not work yet", "pvc://models/iris", "no other scheme is supported yet"),
        ("an account of somebody else's cloud", "abfs://c@account.example.com/m", "must name a path, host"),
        ("a lake with a password", "abfs://me:hunter2@account.dfs.core.windows.net/m", "must name a path"),
        ("a hub's model without its owner", "hf://iris", "must name a path, host or bucket"),
        ("a registry with a password", "oci://me:hunter2@ghcr.io/m", "must not hold a user name"),
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
