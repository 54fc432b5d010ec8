"""Triton's own client library, blocking and asynchronous, over HTTP and gRPC."""

from __future__ import annotations

from typing import Any

import pytest

from client_world import World

INPUTS = [("a", "FP32", 3), ("n", "INT64", 3), ("words", "BYTES", 1)]
OUTPUTS = [("total", "FP32", 3), ("twice", "INT64", 3), ("same", "BYTES", 1)]


@pytest.fixture(scope="module")
def seen(servers: World) -> dict[str, Any]:
    """What the client saw."""
    return servers.seen_by("triton")


@pytest.mark.parametrize("form", ["json", "binary", "gzip", "deferred"])
def test_every_datatype_arrives_over_http(seen: dict[str, Any], servers: World, form: str) -> None:
    """Numbers and text have to survive JSON, binary tensors and compression alike."""
    found = seen["http"][form]
    assert {name: found[name] for name in servers.tensors} == servers.tensors
    assert found.get("id") == (form if form in ("json", "binary") else None)


def test_one_output_in_json_for_a_binary_request(seen: dict[str, Any], servers: World) -> None:
    """The two forms may be mixed, output by output."""
    assert seen["http"]["mixed"] == {"total": servers.tensors["total"], "id": "mixed"}


def test_every_datatype_arrives_over_grpc(seen: dict[str, Any], servers: World) -> None:
    """The client unpacks raw tensors; a compressed call and a chosen output are its options."""
    assert seen["grpc"]["all"] == seen["grpc"]["deferred"] == servers.tensors
    assert seen["grpc"]["one"] == {"same": servers.tensors["same"]}


def test_the_asynchronous_clients_get_the_same(seen: dict[str, Any], servers: World) -> None:
    """Three at once, which the server may run as one batch."""
    assert seen["http_aio"]["all"] == seen["grpc_aio"]["all"] == [servers.tensors] * 3


def test_a_stream_goes_on_after_a_bad_request(seen: dict[str, Any], servers: World) -> None:
    """The client hands the fault to the callback and the next answer after it."""
    fine = servers.tensors
    assert seen["grpc"]["stream"] == [fine, {"error": "InferenceServerException"}, fine]
    assert seen["grpc_aio"]["stream"] == [{**fine, "id": str(number)} for number in range(3)]


def test_health_and_metadata_are_what_the_client_expects(seen: dict[str, Any]) -> None:
    """Tools look there before they send anything."""
    assert seen["http"]["alive"] == seen["grpc"]["alive"] == [True, True, True]
    assert seen["http_aio"]["alive"] is seen["grpc_aio"]["alive"] is True
    for transport, number in (("http", int), ("grpc", str)):
        metadata = seen[transport]["metadata"]
        for key, tensors in (("inputs", INPUTS), ("outputs", OUTPUTS)):
            assert metadata[key] == [
                {"name": name, "datatype": datatype, "shape": [number(-1), number(columns)]}
                for name, datatype, columns in tensors
            ]
    ready = {"name": "tensors", "version": "1", "state": "READY"}
    assert seen["http"]["index"] == seen["grpc"]["index"]["models"] == [ready]
    assert "binary_tensor_data" in seen["http"]["server"]["extensions"]
    assert seen["grpc"]["config"] == "tensors"
    assert int(seen["http"]["counted"]) > 0


@pytest.mark.parametrize("client", ["http", "grpc", "http_aio", "grpc_aio"])
def test_a_wrong_shape_is_the_client_s_own_exception(seen: dict[str, Any], client: str) -> None:
    """Code that catches InferenceServerException goes on working."""
    fault = seen[client]["fault"]
    assert fault["raised"] == "InferenceServerException"
    assert fault["text"].startswith(
        ("[400] unexpected shape", "[StatusCode.INVALID_ARGUMENT] unexpected shape")
    )


def test_an_unknown_model_is_the_client_s_own_exception(seen: dict[str, Any]) -> None:
    """In the words that Triton has for it."""
    assert seen["http"]["unknown"] == {
        "raised": "InferenceServerException",
        "text": "[404] Request for unknown model: 'nobody' is not found",
    }
