"""The predictor: what is served, by which server, in which pods."""

from __future__ import annotations

from slipway_operator.api import rules
from slipway_operator.api.fields import Fields
from slipway_operator.api.parse_parameters import parse_parameters
from slipway_operator.api.parse_pod import (
    parse_affinity,
    parse_env,
    parse_pull_secrets,
    parse_resources,
    parse_spread_constraints,
    parse_tolerations,
)
from slipway_operator.api.parse_scaling import check_requests, parse_hpa, parse_pdb
from slipway_operator.api.types import Graph, Predictor, Server

IMPLEMENTATIONS = (
    "AUTO",
    "ONNX_SERVER",
    "SKLEARN_SERVER",
    "XGBOOST_SERVER",
    "LIGHTGBM_SERVER",
    "MLFLOW_SERVER",
)


def parse_predictor(fields: Fields) -> Predictor:
    """One item of `spec.predictors`; what is wrong is noted, and absent in the result."""
    name = fields.text("name", rules.PREDICTOR_NAME, required=True)
    predictor = Predictor(
        name=name or "",
        graph=_graph(fields),
        server=_server(fields),
        runtime_image=fields.text("runtimeImage", rules.IMAGE),
        resources=parse_resources(fields),
        env=parse_env(fields),
        hpa_spec=parse_hpa(fields),
        pdb_spec=parse_pdb(fields),
        node_selector=fields.texts(
            "nodeSelector", rules.MAX_MAP, keys=rules.LABEL_KEY, values=rules.LABEL_VALUE
        ),
        tolerations=parse_tolerations(fields),
        affinity=parse_affinity(fields),
        topology_spread_constraints=parse_spread_constraints(fields),
        priority_class_name=fields.text("priorityClassName", rules.REFERENCE),
        image_pull_secrets=parse_pull_secrets(fields),
        service_account_name=fields.text("serviceAccountName", rules.REFERENCE),
        labels=fields.texts(
            "labels", rules.MAX_MAP, keys=rules.LABEL_KEY, values=rules.LABEL_VALUE, reserved=True
        ),
        annotations=fields.texts(
            "annotations", rules.MAX_MAP, keys=rules.LABEL_KEY, values=rules.ANNOTATION_VALUE, reserved=True
        ),
    )
    fields.close()
    check_requests(fields, predictor)
    return predictor


def _graph(fields: Fields) -> Graph:
    inner = fields.object("graph", required=True)
    if inner is None:
        return Graph(name="", model_uri="")
    graph = Graph(
        name=inner.text("name", rules.MODEL_NAME, required=True) or "",
        model_uri=inner.text("modelUri", rules.MODEL_URI, required=True) or "",
        implementation=inner.choice("implementation", IMPLEMENTATIONS),
        model_digest=inner.text("modelDigest", rules.MODEL_DIGEST),
        env_secret_ref_name=inner.text("envSecretRefName", rules.REFERENCE),
        parameters=parse_parameters(inner),
    )
    inner.close()
    return graph


def _server(fields: Fields) -> Server:
    inner = fields.object("server")
    if inner is None:
        return Server()
    server = Server(
        drain_seconds=inner.integer("drainSeconds", 1, rules.HOUR_SECONDS),
        request_timeout_seconds=inner.integer("requestTimeoutSeconds", 1, rules.HOUR_SECONDS),
        startup_timeout_seconds=inner.integer("startupTimeoutSeconds", 1, rules.DAY_SECONDS),
    )
    inner.close()
    return server
