"""The pod template: the contract between operator and runtime, rendered once for each revision.

An init container `puller` has the credentials and fetches the model; the container `server` has
none and serves it from a read-only mount. Where the format is one that has to be run to be read (a
pickle), an init container `converter` between the two does that, without credentials and before any
traffic; MLflow folders may hold one, too. All run the runtime image under the `restricted` Pod
Security Standard. What the server would default is written out, so that a hand edit of it is a
difference that an apply repairs. The track label is missing here: it belongs to the set, and a
frozen template may come to serve in another one.
"""

from __future__ import annotations

import json
from typing import Any, Final

from slipway_operator.api import names
from slipway_operator.api.types import Graph, ModelDeployment, Predictor, Server
from slipway_operator.core.actions import Manifest
from slipway_operator.core.objects import metadata

PULLER: Final = "puller"
CONVERTER: Final = "converter"
SERVER: Final = "server"
MODEL_DIR: Final = "/mnt/model"
CONVERTED_DIR: Final = "/mnt/converted"
CONVERTED: Final = frozenset({"SKLEARN_SERVER", "MLFLOW_SERVER"})
"""Implementations whose models may be pickles."""
TMP_DIR: Final = "/tmp"  # noqa: S108 -- a path inside the pod, on a volume of its own
TMP_LIMIT: Final = "256Mi"
PORT_HTTP: Final = 8080
PORT_GRPC: Final = 8081
PORT_PROBES: Final = 8082
GRACE_MARGIN_SECONDS: Final = 5


def template(md: ModelDeployment, revision: str, default_image: str) -> Manifest:
    """The pod template of one revision, to be frozen."""
    predictor = md.spec.predictor
    image = predictor.runtime_image or default_image
    own = metadata.labels(md.key.name, predictor.name) | {names.LABEL_REVISION: revision}
    annotations = dict(predictor.annotations) | {"kubectl.kubernetes.io/default-container": SERVER}
    return {
        "metadata": {"labels": dict(predictor.labels) | own, "annotations": annotations},
        "spec": {
            "initContainers": [_puller(predictor, image), *_converter(predictor, image)],
            "containers": [_server(predictor, image, revision)],
            "volumes": [
                {"name": "model", "emptyDir": {}},
                *([{"name": "converted", "emptyDir": {}}] if _is_converted(predictor) else []),
                {"name": "tmp", "emptyDir": {"sizeLimit": TMP_LIMIT}},
            ],
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "restartPolicy": "Always",
            "dnsPolicy": "ClusterFirst",
            "schedulerName": "default-scheduler",
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "terminationGracePeriodSeconds": grace_seconds(predictor.server),
            **_scheduling(predictor),
        },
    }


def grace_seconds(server: Server) -> int:
    """Long enough to drain, then to finish the slowest request."""
    return drain_seconds(server) + request_timeout_seconds(server) + GRACE_MARGIN_SECONDS


def drain_seconds(server: Server) -> int:
    """How long a pod that is going away still takes requests."""
    return _or(server.drain_seconds, Server.DRAIN_SECONDS)


def request_timeout_seconds(server: Server) -> int:
    """After how long a request is answered with a time-out."""
    return _or(server.request_timeout_seconds, Server.REQUEST_TIMEOUT_SECONDS)


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _container(predictor: Predictor, image: str, name: str, args: list[str], env: dict[str, str]) -> Manifest:
    """What both containers have in common. The user's variables come first: ours win by being last."""
    own = [{"name": key, "value": value} for key, value in (env | {"HOME": TMP_DIR}).items()]
    container: Manifest = {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": args,
        "env": [*({"name": item["name"], "value": item["value"]} for item in predictor.env), *own],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }
    if predictor.resources:
        container["resources"] = dict(predictor.resources)
    return container


def _mount(name: str, path: str, **more: Any) -> Manifest:
    return {"name": name, "mountPath": path, **more}


def _puller(predictor: Predictor, image: str) -> Manifest:
    """The only container that sees credentials.

    It asks for what the server asks for: the pod's request is the larger of the two, so that costs
    nothing and satisfies a quota on containers.
    """
    graph = predictor.graph
    env = {"SLIPWAY_MODEL_DIGEST": graph.model_digest} if graph.model_digest else {}
    puller = _container(predictor, image, PULLER, ["pull", graph.model_uri, MODEL_DIR], env)
    puller["volumeMounts"] = [_mount("model", MODEL_DIR), _mount("tmp", TMP_DIR)]
    if graph.env_secret_ref_name:
        puller["envFrom"] = [{"secretRef": {"name": graph.env_secret_ref_name}}]
    return puller


def _is_converted(predictor: Predictor) -> bool:
    return predictor.graph.implementation in CONVERTED


def _converter(predictor: Predictor, image: str) -> list[Manifest]:
    """Reads what may be a stranger's program: it gets the model and one folder, nothing that the server has.

    Its /tmp is the image's, which nobody can write: a volume there would be a way into the server.
    """
    if not _is_converted(predictor):
        return []
    converter = _container(
        predictor, image, CONVERTER, ["convert", MODEL_DIR, CONVERTED_DIR], model_env(predictor.graph)
    )
    converter["volumeMounts"] = [
        _mount("model", MODEL_DIR, readOnly=True),
        _mount("converted", CONVERTED_DIR),
    ]
    return [converter]


def model_env(graph: Graph) -> dict[str, str]:
    """What says how the model's files are to be read."""
    env = {"SLIPWAY_IMPLEMENTATION": graph.implementation or Graph.IMPLEMENTATION}
    if graph.parameters:
        env["SLIPWAY_PARAMETERS"] = json.dumps(dict(graph.parameters), sort_keys=True)
    return env


def _server(predictor: Predictor, image: str, revision: str) -> Manifest:
    graph, server = predictor.graph, predictor.server
    env = {
        "SLIPWAY_REVISION": revision,
        **model_env(graph),
        "SLIPWAY_DRAIN_SECONDS": str(drain_seconds(server)),
        "SLIPWAY_REQUEST_TIMEOUT_SECONDS": str(request_timeout_seconds(server)),
    }
    mounts = [_mount("model", MODEL_DIR, readOnly=True), _mount("tmp", TMP_DIR)]
    if _is_converted(predictor):
        env["SLIPWAY_CONVERTED_DIR"] = CONVERTED_DIR
        mounts.append(_mount("converted", CONVERTED_DIR, readOnly=True))
    args = ["serve", "--model-dir", MODEL_DIR, "--model-name", graph.name]
    startup = _or(server.startup_timeout_seconds, Server.STARTUP_TIMEOUT_SECONDS)
    return _container(predictor, image, SERVER, args, env) | {
        "ports": [_port("http", PORT_HTTP), _port("grpc", PORT_GRPC), _port("probes", PORT_PROBES)],
        "volumeMounts": mounts,
        "startupProbe": _probe("/readyz", period=1, failures=startup),
        "readinessProbe": _probe("/readyz", period=2, failures=3),
        "livenessProbe": _probe("/livez", period=5, failures=6),
    }


def _port(name: str, number: int) -> Manifest:
    return {"name": name, "containerPort": number, "protocol": "TCP"}


def _probe(path: str, *, period: int, failures: int) -> Manifest:
    return {
        "httpGet": {"path": path, "port": "probes", "scheme": "HTTP"},
        "periodSeconds": period,
        "failureThreshold": failures,
        "successThreshold": 1,
        "timeoutSeconds": 1,
    }


def _scheduling(predictor: Predictor) -> Manifest:
    """Fields that pass through as the user wrote them; empty ones are left out."""
    fields = {
        "nodeSelector": dict(predictor.node_selector),
        "tolerations": list(predictor.tolerations),
        "affinity": predictor.affinity,
        "topologySpreadConstraints": list(predictor.topology_spread_constraints),
        "priorityClassName": predictor.priority_class_name,
        "imagePullSecrets": list(predictor.image_pull_secrets),
        "serviceAccountName": predictor.service_account_name,
    }
    return {name: value for name, value in fields.items() if value}
