"""Every other protocol through routes, endpoints and faults: what their clients send, and get back."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from fake_dataplane import CLASSIFIER, IRIS_NAMES, Asker, FakeDataPlane, asker, classified, table, weighted
from slipway_runtime.errors import DeadlineExceeded, EngineFailed, Overloaded
from slipway_runtime.rest.documents import PATHS as DOCUMENTS
from slipway_runtime.rest.seldon import PROTOCOL as SELDON

ROW = [1, 2, 3, 4]
JSON = "application/json"


@pytest.fixture
def iris() -> Asker:
    """A classifier that knows its columns' names: labels are first columns."""
    return asker(CLASSIFIER, classified)


@pytest.fixture
def numbers() -> Asker:
    """A regressor: 1, 2, 3, 4 becomes 4321."""
    return asker(table(4), weighted)


ANSWERS: list[tuple[str, Any, Any]] = [
    ("/v1/models/m:predict", {"instances": [ROW]}, {"predictions": [4321.0]}),
    ("/v1/models/m%3Apredict", {"instances": [ROW]}, {"predictions": [4321.0]}),
    ("/v1/models/m/versions/1:predict", {"inputs": [ROW]}, {"outputs": [4321.0]}),
    ("/v1/models/m/versions/0:predict", {"inputs": {"x": [ROW]}}, {"outputs": [4321.0]}),
    ("/v1/models/m/labels/stable:predict", {"instances": [{"x": ROW}]}, {"predictions": [4321.0]}),
    ("/v1/models/m:regress", {"examples": [{"x": ROW}]}, {"results": [4321.0]}),
    (
        "/api/v1.0/predictions",
        {"data": {"ndarray": [ROW]}},
        {"data": {"names": [], "ndarray": [4321.0]}, "meta": {}},
    ),
    (
        "/api/v0.1/predictions",
        {"data": {"ndarray": [ROW]}},
        {"data": {"names": [], "ndarray": [4321.0]}, "meta": {}},
    ),
    (
        "/seldon/ns/iris/api/v1.0/predictions",
        {"data": {"tensor": {"shape": [1, 4], "values": ROW}}, "meta": {"puid": "p"}},
        {"data": {"names": [], "tensor": {"shape": [1], "values": [4321.0]}}, "meta": {"puid": "p"}},
    ),
    ("/predict", {"data": {"ndarray": [ROW]}}, {"data": {"names": [], "ndarray": [4321.0]}, "meta": {}}),
    ("/invocations", {"dataframe_split": {"data": [ROW]}}, {"predictions": [4321.0]}),
    ("/invocations", [ROW], {"predictions": [4321.0]}),
    ("/endpoints/any/invocations", {"inputs": [ROW]}, {"predictions": [4321.0]}),
    ("/models/m/invoke", {"instances": [ROW]}, {"predictions": [4321.0]}),
    ("/predictions/m", {"data": [ROW]}, [4321.0]),
    ("/predictions/m/1.0", ROW, 4321.0),
    ("/predict", {"features": [ROW]}, {"prediction": [4321.0]}),
    ("/predict", {"features": ROW}, {"prediction": 4321.0}),
    ("/predict", {"data": [ROW]}, {"prediction": [4321.0]}),
    ("/predict", {"instances": [ROW]}, {"predictions": [4321.0]}),
    ("/m", {"features": ROW}, {"m": 4321.0}),
    ("/m", {"features": [ROW, ROW]}, {"m": [4321.0, 4321.0]}),
]


@pytest.mark.parametrize(("path", "body", "answer"), ANSWERS, ids=[path for path, _, _ in ANSWERS])
def test_each_path_answers_as_its_own_server_would(numbers: Asker, path: str, body: Any, answer: Any) -> None:
    """A client is pointed here and nothing else changes; the numbers are the same on every path."""
    found = numbers.post(path, body)

    assert (found.status, found.body) == (200, answer)
    assert JSON in found.head


def test_a_classifier_answers_labels_as_integers(iris: Asker) -> None:
    """`predict` of the estimator gives 1, not 1.0; Seldon's server gives probabilities."""
    named = dict(zip(IRIS_NAMES, ROW, strict=True))

    assert iris.post("/predict", {"features": [ROW]}).raw == b'{"prediction":[1]}'
    assert iris.post("/m", named).raw == b'{"m":1}'
    assert iris.post("/invocations", {"dataframe_records": [named]}).raw == b'{"predictions":[1]}'
    assert iris.post("/v1/models/m:predict", {"instances": [named]}).raw == b'{"predictions":[1]}'
    assert iris.post("/v1/models/m:classify", {"examples": [named]}).body == {
        "results": [[["", 0.25], ["", 0.5], ["", 0.25]]]
    }
    assert iris.post("/api/v1.0/predictions", {"data": {"ndarray": [ROW]}}).body["data"] == {
        "names": ["t:0", "t:1", "t:2"],
        "ndarray": [[0.25, 0.5, 0.25]],
    }


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/", 200, {"status": "alive"}),
        ("/v1/models", 200, {"models": ["m"]}),
        ("/ping", 200, {"status": "Healthy"}),
        ("/health", 200, {"status": "Healthy"}),
        ("/health/ping", 200, "pong"),
        ("/health/status", 200, {"data": {"names": [], "ndarray": []}, "meta": {}}),
        ("/models", 200, {"models": [{"modelName": "m", "modelUrl": "m"}]}),
        ("/v1/models/nope", 404, {"error": "Request for unknown model"}),
        ("/v1/models/m/versions/7", 404, {"error": "Request for unknown model"}),
        ("/m", 405, {"error": "Method Not Allowed"}),
        ("/nope", 404, {"error": "Not Found"}),
    ],
)
def test_what_is_asked_beside_predictions(numbers: Asker, path: str, status: int, body: Any) -> None:
    """Probes, dashboards and clients look here before they send anything."""
    found = numbers.get(path)

    assert (found.status, found.body) == (status, body)


def test_a_model_tells_its_status_metadata_and_version(numbers: Asker) -> None:
    """Each in the words of the protocol that asks."""
    assert numbers.get("/v1/models/m").body["model_version_status"][0]["state"] == "AVAILABLE"
    assert numbers.get("/v1/models/m/labels/stable").body["ready"] is True
    assert numbers.get("/v1/models/m/versions/1/metadata").body["model_spec"]["version"] == "1"
    assert numbers.get("/metadata").body["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}]
    assert numbers.get("/models/m").body[0]["workers"] == [{"id": "0", "status": "READY"}]
    assert numbers.get("/version").body


def test_while_the_model_loads_every_protocol_says_so() -> None:
    """A balancer that asks in any of these words must keep traffic away."""
    loading = asker(table(4), weighted, ready=False)
    status = loading.get("/v1/models/m")

    assert (status.status, status.body["ready"]) == (503, False)
    assert status.body["model_version_status"][0]["state"] == "LOADING"
    for path in ("/ping", "/health", "/health/status", "/metadata", "/v1/models/m/metadata"):
        assert loading.get(path).status == 503, path
    for path, body, _ in ANSWERS:
        assert loading.post(path, body).status == 503, path
    assert "retry-after" in loading.post("/invocations", [ROW]).head


@pytest.mark.parametrize(
    ("fault", "status"),
    [(Overloaded("busy"), 503), (DeadlineExceeded("late"), 504), (EngineFailed("broken"), 500)],
)
def test_a_fault_of_the_server_keeps_its_status_in_every_protocol(fault: Any, status: int) -> None:
    """Clients that try again decide by it."""
    failing = asker(table(4), weighted, fault=fault)

    for path, body, _ in ANSWERS:
        found = failing.post(path, body)
        assert (found.status, ("retry-after" in found.head)) == (status, status == 503), path
        assert str(fault) in found.raw.decode()


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("/v1/models/m:predict", lambda body: body["error"]),
        ("/api/v1.0/predictions", lambda body: body["status"]["info"]),
        ("/invocations", lambda body: body["message"] + body["error_code"]),
        ("/endpoints/any/invocations", lambda body: body["message"]),
        ("/predictions/m", lambda body: body["message"] + body["type"]),
        ("/predict", lambda body: body["error"]),
        ("/m", lambda body: body["error"]),
    ],
)
def test_a_client_s_fault_is_told_in_the_protocol_s_words(numbers: Asker, path: str, read: Any) -> None:
    """Each client knows one place to look; what it sent does not come back."""
    found = numbers.post(path, b'{"instances": [["sec')

    assert found.status == 400
    assert read(found.body)
    assert "sec" not in found.raw.decode()


def test_an_unknown_model_is_404_in_the_protocol_s_words(numbers: Asker) -> None:
    """A mistyped name is the commonest mistake."""
    assert numbers.post("/v1/models/no:predict", {}).body == {"error": "Request for unknown model"}
    assert numbers.post("/predictions/no", {}).body["type"] == "ModelNotFoundException"
    assert numbers.post("/v1/models/m/labels/no:predict", {}).status == 400


@pytest.mark.parametrize("path", ["/predict", "/api/v1.0/predictions"])
def test_seldon_s_tester_sends_a_form(numbers: Asker, path: str) -> None:
    """Its message stands in the field `json`."""
    body = urlencode({"json": json.dumps({"data": {"ndarray": [ROW]}})})

    found = numbers.post(path, body, content_type="application/x-www-form-urlencoded")
    assert found.body["data"]["ndarray"] == [4321.0]


@pytest.mark.parametrize("path", ["/invocations", "/endpoints/any/invocations"])
def test_text_tables_go_in_and_come_out(numbers: Asker, path: str) -> None:
    """SageMaker's CSV serializer and deserializer ask like this."""
    body, kind = "1,2,3,4\n5,6,7,8\n", "text/csv"

    assert numbers.post(path, body, content_type=kind).body == {"predictions": [4321.0, 8765.0]}
    assert numbers.post(path, body, content_type=kind, accept=kind).body == "4321.0\n8765.0\n"
    assert numbers.post(path, body, content_type=kind, accept=f"{JSON}, {kind};q=0.5").body == {
        "predictions": [4321.0, 8765.0]
    }
    assert numbers.post("/predictions/m", body, content_type=kind).body == [4321.0, 8765.0]


def test_boto3_finds_the_kind_of_a_fault_in_its_header(numbers: Asker) -> None:
    """Its exception would have an empty code otherwise."""
    assert "x-amzn-errortype: ModelError" in numbers.post("/endpoints/any/invocations", {}).head


def test_a_shared_path_is_counted_under_the_protocol_that_was_spoken(numbers: Asker) -> None:
    """Dashboards tell protocols apart; a crash counts too."""
    numbers.post("/predict", {"data": {"ndarray": [ROW]}})
    numbers.post("/predict", {"features": [ROW]})
    numbers.post("/predict", {"features": []})
    numbers.post("/predict", {"instances": [ROW]})

    counted = {name: numbers.metrics.answers_of("m", name).codes for name in (SELDON, "plain", "v1")}
    assert counted == {SELDON: {200: 1}, "plain": {200: 1, 400: 1}, "v1": {200: 1}}


@pytest.mark.parametrize(
    ("path", "protocol"),
    [
        ("/v1/models/m:predict", "v1"),
        ("/api/v1.0/predictions", "seldon"),
        ("/invocations", "mlflow"),
        ("/endpoints/e/invocations", "sagemaker"),
        ("/predictions/m", "torchserve"),
        ("/m", "plain"),
    ],
)
def test_each_protocol_has_its_own_label(numbers: Asker, path: str, protocol: str) -> None:
    """Who still uses what is a question before every change."""
    numbers.post(path, {})

    assert numbers.metrics.answers_of("m", protocol).codes == {400: 1}


@pytest.mark.parametrize(
    ("name", "path"), [("predict", "/predict"), ("invocations", "/invocations"), ("docs", "/docs")]
)
def test_a_model_cannot_take_a_fixed_path(name: str, path: str) -> None:
    """A model's name must not switch a protocol off."""
    shadowing = Asker(FakeDataPlane(table(4), weighted, name=name))

    assert name not in (shadowing.post(path, {"inputs": [ROW]}).body or {})
    assert shadowing.post(f"/v1/models/{name}:predict", {"instances": [ROW]}).status == 200


def test_every_path_is_documented_with_a_body_that_the_model_takes() -> None:
    """Whoever opens /docs sees all that there is, and can send it; nothing is described that is not there."""
    shown = Asker(FakeDataPlane(CLASSIFIER, classified))
    described = shown.schema()
    routes = {(path, verb.lower()) for path, verb in shown.routes() if path not in UNDESCRIBED}

    listed = {(path, verb) for path, verbs in described.items() for verb in verbs}
    assert listed == routes
    for path, verb in listed:
        content = described[path][verb].get("requestBody", {"content": {"application/json": {}}})["content"]
        example = content["application/json"].get("example")
        if example is not None and verb == "post":
            assert shown.post(path.format(**VALUES), example).status == 200, path


UNDESCRIBED = {*DOCUMENTS, "/v2/"}  # the pages themselves, and another spelling of /v2
VALUES = {
    "model": "m",
    "version": "1",
    "label": "stable",
    "release": "1.0",
    "endpoint": "e",
    "namespace": "n",
    "deployment": "d",
}
