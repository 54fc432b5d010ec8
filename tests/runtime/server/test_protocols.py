"""One real server, one real model, every protocol: the same numbers everywhere."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onnx_models import linear, save
from runtime_server import RuntimeServer, request_of, serving, tensor


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def port() -> int:
    """For clients that know only one port of TensorFlow Serving's."""
    return _free_port()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[RuntimeServer]:
    """One server for all of this module."""
    folder = tmp_path_factory.mktemp("model")
    save(linear(3), folder / "model.onnx")
    labels = ("--version-labels", "stable,canary")
    with serving(folder, "--tf-serving-rest-port", str(port), *labels, name="lin") as found:
        yield found


@pytest.fixture(scope="module")
def client(server: RuntimeServer) -> Iterator[httpx.Client]:
    """A client with one connection kept alive."""
    with server.client() as found:
        yield found


ROWS = st.lists(st.lists(st.floats(-1e6, 1e6, width=32), min_size=3, max_size=3), min_size=2, max_size=40)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=ROWS)
def test_every_protocol_gives_the_numbers_that_v2_gives(
    client: httpx.Client, rows: list[list[float]]
) -> None:
    """Changing the client must not change the answer, in bodies of any size."""
    flat = [number for row in rows for number in row]
    v2 = client.post("/v2/models/lin/infer", json=request_of(tensor("x", [len(rows), 3], flat))).json()
    wanted = v2["outputs"][0]["data"]

    def asked(path: str, body: object) -> object:
        return client.post(path, json=body).json()

    text = "\n".join(",".join(map(repr, row)) for row in rows)
    as_text = client.post("/invocations", content=text, headers={"content-type": "text/csv"}).json()
    answers = [
        asked("/v1/models/lin:predict", {"instances": rows})["predictions"],  # type: ignore[index] # JSON
        asked("/v1/models/lin:predict", {"inputs": {"x": rows}})["outputs"],  # type: ignore[index] # JSON
        asked("/api/v1.0/predictions", {"data": {"ndarray": rows}})["data"]["ndarray"],  # type: ignore[index] # JSON
        asked("/invocations", {"dataframe_split": {"data": rows}})["predictions"],  # type: ignore[index] # JSON
        asked("/predict", {"features": rows})["prediction"],  # type: ignore[index] # JSON
        asked("/lin", {"features": rows})["lin"],  # type: ignore[index] # JSON
        asked("/predictions/lin", rows),
        as_text["predictions"],
    ]

    for answer in answers:
        assert np.array(answer).reshape(-1).tolist() == wanted


def test_tensorflow_serving_s_port_answers_too(server: RuntimeServer, port: int) -> None:
    """Clients with 8501 written into them are many."""
    url = f"http://127.0.0.1:{port}/v1/models/lin"

    assert httpx.get(url, trust_env=False).json()["model_version_status"][0]["version"] == "1"
    answer = httpx.post(f"{url}/labels/canary:predict", json={"instances": [[1, 2, 3]]}, trust_env=False)
    assert answer.json() == {"predictions": [[8.5]]}
    assert answer.headers["x-slipway-revision"] == "local"


def test_a_compressed_body_is_read_by_every_protocol(client: httpx.Client) -> None:
    """Proxies and clients compress without asking which protocol it is."""
    import gzip  # noqa: PLC0415 # for one test

    body = gzip.compress(b'{"instances": [[1, 2, 3]]}')
    for path in ("/v1/models/lin:predict", "/invocations", "/predict"):
        answer = client.post(path, content=body, headers={"content-encoding": "gzip"})
        assert answer.json() == {"predictions": [[8.5]]}, path
