"""Requests that share runs, seen from outside: many clients, many protocols, one model."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from onnx_models import Model, model, save, value
from runtime_server import RuntimeServer, request_of, serving, tensor

CLIENTS, EACH = 8, 25
WIDTH = 512


def embedding() -> Model:
    """Y = sums of the table's row that x names, through a layer that makes a run worth sharing.

    A row that the table does not have makes the whole run fail.
    """
    random = np.random.default_rng(0)
    nodes = [
        helper.make_node("Gather", ["table", "x"], ["found"]),
        helper.make_node("MatMul", ["found", "layer"], ["deep"]),
        helper.make_node("ReduceMax", ["deep"], ["most"], axes=[2], keepdims=0),
        helper.make_node("Mul", ["most", "zero"], ["nothing"]),
        helper.make_node("Cast", ["x"], ["number"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["nothing", "number"], ["y"]),
    ]
    return model(
        nodes,
        [value("x", "INT64", (None, 1))],
        [value("y", "FP32", (None, 1))],
        initializers=[
            numpy_helper.from_array(random.random((1000, WIDTH), np.float32), "table"),
            numpy_helper.from_array(random.random((WIDTH, WIDTH), np.float32), "layer"),
            numpy_helper.from_array(np.zeros(1, np.float32), "zero"),
        ],
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RuntimeServer]:
    """One engine thread, so that requests meet."""
    folder = tmp_path_factory.mktemp("model")
    save(embedding(), folder / "model.onnx")
    with serving(folder, "--threads", "1") as found:
        yield found


def ask(client: httpx.Client, number: int) -> httpx.Response:
    """One request: V2 JSON or TensorFlow Serving's REST in turn."""
    if number % 2:
        return client.post("/v1/models/m:predict", json={"instances": [[number]]})
    return client.post("/v2/models/m/infer", json=request_of(tensor("x", [1, 1], [number], "INT64")))


def answer(response: httpx.Response) -> float:
    """The one number in it."""
    found = response.json()
    return float(found["predictions"][0][0] if "predictions" in found else found["outputs"][0]["data"][0])


def test_everybody_gets_their_own_answer_and_bad_requests_fail_alone(server: RuntimeServer) -> None:
    """Sharing must not be visible to anybody, whichever protocol they speak."""

    def one(first: int) -> list[bool]:
        with server.client() as client:
            right = []
            for number in range(first, first + EACH):
                bad = number % 7 == 0
                response = ask(client, number + (10_000 if bad else 0))
                right.append(response.status_code == 400 if bad else answer(response) == number)
            return right

    with ThreadPoolExecutor(CLIENTS) as pool:
        results = list(pool.map(one, range(0, CLIENTS * EACH, EACH)))

    assert [all(each) for each in results] == [True] * CLIENTS
    with server.client() as client:
        assert "up to 32 rows" in client.get("/v2/models/m").json()["parameters"]["dynamic_batching"]
