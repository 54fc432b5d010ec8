"""The golden table of the Open Inference Protocol, as a client sees it: status, text and what is not said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from onnx_models import save, two_of_each
from runtime_server import RuntimeServer, request_of, serving, tensor

GOOD = [tensor("a", [2, 3], [1, 2, 3, 4, 5, 6]), tensor("n", [2, 3], [1, 1, 1, 2, 2, 2], "INT64")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RuntimeServer]:
    """One server for all of this module."""
    folder = tmp_path_factory.mktemp("model")
    save(two_of_each(), folder / "model.onnx")
    with serving(folder, "--revision", "6f8d9c7b5", name="both") as found:
        yield found


@pytest.fixture(scope="module")
def client(server: RuntimeServer) -> Iterator[httpx.Client]:
    """A client with one connection kept alive."""
    with server.client() as found:
        yield found


def infer(client: httpx.Client, body: Any, path: str = "/v2/models/both/infer") -> httpx.Response:
    """Send a request."""
    return client.post(path, json=body)


def test_an_inference_answers_every_output_with_its_datatype_and_shape(client: httpx.Client) -> None:
    """This is what the server is for."""
    answer = infer(client, request_of(*GOOD, id="req-7"))

    assert answer.status_code == 200
    assert answer.json() == {
        "model_name": "both",
        "model_version": "1",
        "id": "req-7",
        "outputs": [
            {"name": "total", "datatype": "FP32", "shape": [2, 3], "data": [2.0, 3.0, 4.0, 6.0, 7.0, 8.0]},
            {"name": "twice", "datatype": "INT64", "shape": [2, 3], "data": [2, 2, 2, 4, 4, 4]},
        ],
    }


def test_only_the_outputs_that_were_asked_for_come_back_in_that_order(client: httpx.Client) -> None:
    """A client that wants one of many outputs does not pay for the others."""
    asked = request_of(*GOOD, outputs=[{"name": "twice"}])

    assert [output["name"] for output in infer(client, asked).json()["outputs"]] == ["twice"]


def test_an_answer_without_an_id_in_the_request_has_none(client: httpx.Client) -> None:
    """The id is an echo, never invented."""
    assert "id" not in infer(client, request_of(*GOOD)).json()


@pytest.mark.parametrize(
    "path", ["/v2/models/both/infer", "/v2", "/v2/models/nope", "/nowhere", "/v2/health/ready"]
)
def test_every_answer_names_the_revision(client: httpx.Client, path: str) -> None:
    """A smoke test of a preview must be able to tell which revision answered, errors included."""
    assert client.get(path).headers["x-slipway-revision"] == "6f8d9c7b5"


def test_metadata_is_read_from_the_model(client: httpx.Client) -> None:
    """Clients build their requests from it, so it has to be true without any configuration."""
    answer = client.get("/v2/models/both").json()
    notes = answer.pop("parameters", {})
    assert all(isinstance(note, str) for note in notes.values())
    assert answer == {
        "name": "both",
        "versions": ["1"],
        "platform": "onnxruntime_onnx",
        "inputs": [
            {"name": "a", "datatype": "FP32", "shape": [-1, 3]},
            {"name": "n", "datatype": "INT64", "shape": [-1, 3]},
        ],
        "outputs": [
            {"name": "total", "datatype": "FP32", "shape": [-1, 3]},
            {"name": "twice", "datatype": "INT64", "shape": [-1, 3]},
        ],
    }


def test_the_server_says_what_it_is(client: httpx.Client) -> None:
    """Clients look here for extensions before they use one; none is claimed that is not honoured."""
    answer = client.get("/v2").json()

    assert answer["name"] == "slipway"
    assert answer["extensions"] == ["classification", "statistics", "binary_tensor_data"]
    assert answer["version"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v2/health/live", {"live": True}),
        ("/v2/health/ready", {"ready": True}),
        ("/v2/models/both/ready", {"name": "both", "ready": True}),
        ("/v2/models/both/versions/1/ready", {"name": "both", "ready": True}),
        ("/v2/models", {"models": ["both"]}),
    ],
)
def test_health_answers_200_with_a_body_for_people(client: httpx.Client, path: str, body: Any) -> None:
    """Clients test the status, people curl it."""
    answer = client.get(path)

    assert (answer.status_code, answer.json()) == (200, body)


def test_a_version_in_the_path_answers_like_none(client: httpx.Client) -> None:
    """Triton's clients put the version there."""
    assert infer(client, request_of(*GOOD), "/v2/models/both/versions/1/infer").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/v2/models/nope", 404, "Request for unknown model: 'nope' is not found"),
        ("GET", "/v2/models/nope/ready", 404, "Request for unknown model: 'nope' is not found"),
        ("POST", "/v2/models/nope/infer", 404, "Request for unknown model: 'nope' is not found"),
        (
            "GET",
            "/v2/models/both/versions/9",
            404,
            "Request for unknown model: 'both' version '9' is not found",
        ),
        ("POST", "/v2/models/both/versions/9/infer", 404, "version '9' is not found"),
        ("GET", "/nowhere", 404, "Not Found"),
        ("GET", "/v2/models/both/versions/one", 404, "Not Found"),
        ("GET", "/v2/models/both/infer", 405, "Method Not Allowed"),
        ("DELETE", "/v2/models/both", 405, "Method Not Allowed"),
    ],
)
def test_what_is_not_there_is_404_and_a_wrong_verb_405(
    client: httpx.Client, method: str, path: str, status: int, text: str
) -> None:
    """A client that mistypes a name learns which, in the words it knows from Triton."""
    answer = client.request(method, path, json=request_of(*GOOD))

    assert answer.status_code == status
    assert text in answer.json()["error"]


def test_a_wrong_verb_is_told_the_right_ones(client: httpx.Client) -> None:
    """RFC 9110 asks for it, and it is the remedy."""
    assert client.get("/v2/models/both/infer").headers["allow"] == "POST"


FAULTS: list[tuple[Any, str]] = [
    ([], "must be a JSON object"),
    ({}, "'inputs' must be an array"),
    (request_of(GOOD[0]), "expected 2 inputs but got 1 inputs for model 'both'"),
    (request_of(*GOOD, tensor("zz", [1], [1])), "unexpected inference input 'zz' for model 'both'"),
    (request_of(*GOOD, outputs=[{"name": "q"}]), "unexpected inference output 'q' for model 'both'"),
    (
        request_of(tensor("a", [2, 3], [1, 2, 3, 4, 5, 6], "INT32"), GOOD[1]),
        "inference input 'a' data-type is 'INT32', but model 'both' expects 'FP32'",
    ),
    (
        request_of(tensor("a", [3], [1, 2, 3]), GOOD[1]),
        "unexpected shape for input 'a' for model 'both'. Expected [-1,3], got [3]",
    ),
    (request_of(tensor("a", [2, 3], [1, 2]), GOOD[1]), "has 2 elements"),
    (request_of(tensor("a", [2, 3], [1, 2, None, 4, 5, 6]), GOOD[1]), "not null"),
    (request_of(*GOOD, id=7), "'id' must be a string"),
    (request_of(*GOOD, outputs=[{"name": "total"}, {"name": "total"}]), "asked for twice"),
]


@pytest.mark.parametrize(("body", "text"), FAULTS, ids=[text for _, text in FAULTS])
def test_a_client_s_fault_is_400_and_says_what_to_change(client: httpx.Client, body: Any, text: str) -> None:
    """A 5xx would page the people who run the server for what only the caller can mend."""
    answer = infer(client, body)

    assert answer.status_code == 400
    assert text in answer.json()["error"]


def test_inputs_that_the_graph_itself_refuses_are_the_client_s_fault_too(client: httpx.Client) -> None:
    """A signature cannot say that two open dimensions must agree; the kernel does: still no 5xx."""
    body = request_of(tensor("a", [2, 3], [1] * 6), tensor("n", [4, 3], [1] * 12, "INT64"))

    answer = infer(client, body)

    assert answer.status_code == 400
    assert "Add" in answer.json()["error"]


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b'{"inputs":[}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_not_json_is_400_without_an_echo(client: httpx.Client, body: bytes) -> None:
    """Whatever a client sends by mistake must not come back in an error that somebody logs."""
    answer = client.post("/v2/models/both/infer", content=body)

    assert answer.status_code == 400
    assert "JSON" in answer.json()["error"]
    assert "nonsense" not in answer.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Inference-Header-Content-Length": "12"}, 400),
        ({"Inference-Header-Content-Length": "-1"}, 400),
        ({"CONTENT-ENCODING": "gzip"}, 400),
        ({"Content-Encoding": "br"}, 415),
    ],
)
def test_a_header_that_the_body_belies_is_a_client_error(
    client: httpx.Client, headers: dict[str, str], status: int
) -> None:
    """Reading binary or compressed bytes as JSON would give an answer about the wrong mistake."""
    answer = client.post("/v2/models/both/infer", content=b"\x1f\x8b", headers=headers)

    assert answer.status_code == status
    assert "JSON" not in answer.json()["error"] or "Inference-Header" in answer.json()["error"]


def test_nan_and_infinity_go_in_and_come_out_as_triton_writes_them(client: httpx.Client) -> None:
    """Models do answer NaN; null in its place would be a wrong answer in silence."""
    body = (
        b'{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP32","data":[NaN,Infinity,-Infinity]},'
        b'{"name":"n","shape":[1,3],"datatype":"INT64","data":[1,1,1]}],"outputs":[{"name":"total"}]}'
    )

    answer = client.post("/v2/models/both/infer", content=body)

    assert b'"data":[NaN,Infinity,-Infinity]' in answer.content


def test_a_head_request_gets_the_head_alone(client: httpx.Client) -> None:
    """Load balancers probe with HEAD."""
    answer = client.head("/v2/health/ready")

    assert (answer.status_code, answer.content) == (200, b"")


def test_a_large_request_is_answered_like_a_small_one(client: httpx.Client) -> None:
    """It takes another parser and arrives in many pieces; nobody should notice."""
    rows = 20_000
    numbers = [index * 0.5 for index in range(rows * 3)]
    body = request_of(
        tensor("a", [rows, 3], numbers),
        tensor("n", [rows, 3], [1] * rows * 3, "INT64"),
        outputs=[{"name": "total"}],
    )

    answer = infer(client, body)

    assert answer.json()["outputs"][0]["data"] == [number + 1 for number in numbers]


def test_the_documents_describe_what_answers(client: httpx.Client) -> None:
    """A generator that reads /openapi.json must not find a path that is not there."""
    assert client.get("/docs").status_code == 200
    described = client.get("/openapi.json").json()["paths"]

    for path, verbs in described.items():
        for verb, operation in verbs.items():
            values = {
                parameter["name"]: parameter["example"] for parameter in operation.get("parameters", ())
            }
            content = operation.get("requestBody", {"content": {}})["content"]
            example = content.get("application/json", {}).get("example")
            answer = client.request(verb.upper(), path.format(**values), json=example)
            if "200" in operation["responses"]:
                right = example is not None or "requestBody" not in operation
                assert answer.status_code == (200 if right else 400), (path, answer.text)
            else:
                assert str(answer.status_code) in operation["responses"], (path, answer.text)


def test_metrics_count_by_model_protocol_and_code(server: RuntimeServer, client: httpx.Client) -> None:
    """Dashboards and alerts are built on these names."""
    infer(client, request_of(*GOOD))
    infer(client, {})
    client.post("/v2/models/invented-label/infer", json={})

    text = server.probe("/metrics").text

    assert 'slipway_requests_total{model="both",protocol="v2",code="200"}' in text
    assert 'slipway_requests_total{model="both",protocol="v2",code="400"}' in text
    assert 'slipway_requests_total{model="",protocol="v2",code="404"}' in text
    assert "invented-label" not in text
    assert 'slipway_model_state{state="READY"} 1' in text
