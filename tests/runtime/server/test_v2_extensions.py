"""The extensions of the Open Inference Protocol as a client sees them, over HTTP."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from binary_bodies import entry, packed, read_answer, with_tail
from onnx_models import identity, save, two_of_each
from runtime_server import RuntimeServer, request_of, serving, tensor
from slipway_runtime.protocol.tensors import Array

INFER = "/v2/models/both/infer"
A = np.arange(6, dtype=np.float32).reshape(2, 3)
N = np.ones((2, 3), np.int64)
JSON_N = tensor("n", [2, 3], [1] * 6, "INT64")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RuntimeServer]:
    """One server for most of this module; it takes a (FP32) and n (INT64), [-1, 3]."""
    folder = tmp_path_factory.mktemp("model")
    save(two_of_each(), folder / "model.onnx")
    with serving(folder, "--access-log", "--max-body-bytes", "100000", name="both") as found:
        yield found


@pytest.fixture(scope="module")
def client(server: RuntimeServer) -> Iterator[httpx.Client]:
    """A client with one connection kept alive, which accepts no codings by itself."""
    with server.client() as found:
        found.headers.pop("accept-encoding")
        yield found


def send(
    client: httpx.Client, document: Any, *raw: bytes, path: str = INFER, **headers: str
) -> httpx.Response:
    """A request with binary data."""
    body, length = with_tail(document, *raw)
    return client.post(
        path, content=body, headers={"Inference-Header-Content-Length": str(length), **headers}
    )


def outputs(answer: httpx.Response) -> dict[str, tuple[str, list[int], Any]]:
    """The outputs of an answer in either form."""
    assert answer.status_code == 200, answer.text
    length = answer.headers.get("inference-header-content-length")
    return read_answer(answer.content, None if length is None else int(length))


def binary(array: Array, name: str, datatype: str) -> dict[str, Any]:
    """One input in binary."""
    return entry(packed(array), list(array.shape), datatype, name)


def test_binary_and_json_are_mixed_in_both_directions(client: httpx.Client) -> None:
    """Each tensor travels as its client prefers."""
    document = {
        "id": "7",
        "inputs": [binary(A, "a", "FP32"), JSON_N],
        "outputs": [{"name": "twice"}, {"name": "total", "parameters": {"binary_data": True}}],
    }

    answer = send(client, document, packed(A))

    assert answer.headers["content-type"] == "application/octet-stream"
    assert outputs(answer) == {
        "twice": ("INT64", [2, 3], [2] * 6),
        "total": ("FP32", [2, 3], (A + 1).tobytes()),
    }


def test_one_flag_asks_for_all_outputs_in_binary(client: httpx.Client) -> None:
    """Also of a request that is JSON itself."""
    body = request_of(tensor("a", [2, 3], list(range(6))), JSON_N, parameters={"binary_data_output": True})

    found = outputs(client.post(INFER, json=body))

    assert found["total"] == ("FP32", [2, 3], (A + 1).tobytes())
    assert found["twice"] == ("INT64", [2, 3], (N * 2).tobytes())


def test_the_best_classes_are_text(client: httpx.Client) -> None:
    """What Triton's image client asks for."""
    wanted = [{"name": "total", "parameters": {"classification": 1}}]
    document = {"inputs": [binary(A, "a", "FP32"), JSON_N], "outputs": wanted}

    assert outputs(send(client, document, packed(A)))["total"] == (
        "BYTES",
        [2, 1],
        ["3.000000:2", "6.000000:2"],
    )


@pytest.mark.parametrize(
    ("datatype", "array"),
    [
        ("FP16", np.array([[1.5, -0.0]], np.float16)),
        ("BF16", np.array([[0x3FC0, 0x8000]], np.uint16)),
        ("BYTES", np.array([["é", ""]], dtype=object)),
    ],
)
def test_a_raw_body_is_one_input_and_the_answer_is_raw_too(
    tmp_path_factory: pytest.TempPathFactory, datatype: str, array: Array
) -> None:
    """Also where JSON could not carry it; text keeps its length in front where there is more than one."""
    folder = tmp_path_factory.mktemp(datatype)
    save(identity(datatype), folder / "model.onnx")
    raw = packed(array)
    with serving(folder) as server, server.client() as client:
        path = "/v2/models/m/infer"
        document = {
            "inputs": [entry(raw, [1, 2], datatype)],
            "outputs": [{"name": "y", "parameters": {"binary_data": True}}],
        }
        assert outputs(send(client, document, raw, path=path))["y"] == (datatype, [1, 2], raw)
        answer = client.post(path, content=raw, headers={"Inference-Header-Content-Length": "0"})

        if datatype == "BYTES":
            assert answer.status_code == 400
            assert "must have input shape [1]" in answer.json()["error"]
        else:
            assert outputs(answer)["y"] == (datatype, [1, 2], raw)
        in_json = client.post(path, json=request_of(tensor("x", [1, 2], [1, 2], "FP32")))
        assert in_json.status_code == 400


def test_a_raw_body_for_a_model_of_several_inputs_is_refused(client: httpx.Client) -> None:
    """Nobody can say which input it is."""
    answer = client.post(INFER, content=bytes(24), headers={"Inference-Header-Content-Length": "0"})

    assert answer.status_code == 400
    assert "Raw request must only have 1 input (found 1) to be deduced but got 2 inputs" in answer.text


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_bodies_are_compressed_both_ways(client: httpx.Client, coding: str) -> None:
    """Slow lines, large tensors; the length of the JSON is that of the body before it was compressed."""
    window = {"gzip": 31, "deflate": 15}[coding]  # zlib's name for the container
    body, length = with_tail({"inputs": [binary(A, "a", "FP32"), JSON_N]}, packed(A))

    answer = client.post(
        INFER,
        content=zlib.compress(body, wbits=window),
        headers={
            "Inference-Header-Content-Length": str(length),
            "Content-Encoding": coding,
            "Accept-Encoding": coding,
        },
    )

    assert answer.headers["content-encoding"] == coding
    assert answer.json()["outputs"][0]["data"] == (A + 1).ravel().tolist()


def test_a_bomb_is_413_and_the_server_lives(client: httpx.Client) -> None:
    """A kilobyte must not become the memory of the pod."""
    answer = client.post(INFER, content=gzip.compress(bytes(10**6)), headers={"Content-Encoding": "gzip"})

    assert answer.status_code == 413
    assert "100000 bytes once inflated" in answer.json()["error"]
    assert client.get("/v2/health/ready").status_code == 200


def test_a_request_that_gives_itself_no_time_gets_none(client: httpx.Client) -> None:
    """A client that says how long it will wait has left by then."""
    inputs = [tensor("a", [2, 3], [0] * 6), JSON_N]

    answers = [
        client.post(INFER, json=request_of(*inputs, parameters={"timeout": timeout}))
        for timeout in (0, 60_000_000, 1)
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 504]
    assert "timeout" in answers[2].json()["error"]


def test_the_repository_lists_what_is_served(client: httpx.Client) -> None:
    """Triton's clients look here first."""
    served = [{"name": "both", "version": "1", "state": "READY"}]

    assert client.post("/v2/repository/index").json() == served
    assert client.post("/v2/repository/index", json={"ready": True}).json() == served
    assert client.post("/v2/repository/index", json={"ready": "yes"}).status_code == 400


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/v2/repository/models/both/load", 403, "explicit model load / unload is not allowed"),
        ("/v2/repository/models/both/unload", 403, "explicit model load / unload is not allowed"),
        ("/v2/repository/models/nope/load", 404, "'nope' is not found"),
    ],
)
def test_clients_cannot_load_or_unload(client: httpx.Client, path: str, status: int, text: str) -> None:
    """The resource says what is served; a client must not."""
    answer = client.post(path, json={})

    assert answer.status_code == status
    assert text in answer.json()["error"]


@pytest.mark.parametrize(
    "path", ["/v2/models/stats", "/v2/models/both/stats", "/v2/models/both/versions/1/stats"]
)
def test_statistics_have_the_shape_of_triton_s(client: httpx.Client, path: str) -> None:
    """perf_analyzer subtracts two of them."""
    before = client.get(path).json()["model_stats"][0]
    client.post(INFER, json=request_of(tensor("a", [2, 3], [0] * 6), JSON_N))
    client.post(INFER, json=request_of(JSON_N))

    after = client.get(path).json()["model_stats"][0]

    assert (after["name"], after["version"]) == ("both", "1")
    assert after["inference_count"] - before["inference_count"] == 2
    assert after["execution_count"] - before["execution_count"] == 1
    stats = after["inference_stats"]
    assert stats["success"]["count"] - before["inference_stats"]["success"]["count"] == 1
    assert stats["fail"]["count"] - before["inference_stats"]["fail"]["count"] == 1
    assert stats["compute_infer"]["ns"] > 0
    assert 2 in [each["batch_size"] for each in after["batch_stats"]]
    assert after["last_inference"] > 1_600_000_000_000


def test_an_id_comes_back_and_leads_to_the_line_in_the_log(
    server: RuntimeServer, client: httpx.Client
) -> None:
    """One id joins the client's log, the proxy's and this one."""
    body = json.dumps(request_of(tensor("a", [2, 3], [0] * 6), JSON_N)).encode()

    answer = client.post(INFER, content=body, headers={"X-Request-Id": "trace-7"})

    assert answer.headers["x-request-id"] == "trace-7"
    line = next(
        line for line in iter(lambda: server.wait_for("request"), None) if line["request_id"] == "trace-7"
    )
    assert (line["model"], line["protocol"], line["code"]) == ("both", "v2", 200)
    assert (line["bytes_in"], line["bytes_out"]) == (len(body), len(answer.content))
