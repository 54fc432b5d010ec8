"""inference.GRPCInferenceService as a client of Triton or KServe sees it, over a real connection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import pytest

from onnx_models import save, two_of_each
from rpc_client import INFERENCE, RpcClient, add_raw, asking, infer_request, raw_output, rpc
from runtime_server import RuntimeServer, serving
from slipway_runtime.rpc.messages import message

A = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
N = np.array([[1, 1, 1], [2, 2, 2]], np.int64)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RuntimeServer]:
    """One server for all of this module."""
    folder = tmp_path_factory.mktemp("model")
    save(two_of_each(), folder / "model.onnx")
    with serving(folder, "--revision", "6f8d9c7b5", "--access-log") as found:
        yield found


@pytest.fixture(scope="module")
def client(server: RuntimeServer) -> Iterator[RpcClient]:
    """A client with one connection."""
    with rpc(server.grpc_port) as found:
        yield found


def both(**fields: Any) -> Any:
    """A request for both outputs, its inputs raw."""
    return add_raw(add_raw(infer_request(**fields), "a", A), "n", N, "INT64")


def refusal(client: RpcClient, request: Any) -> grpc.RpcError:
    """How a request is refused."""
    with pytest.raises(grpc.RpcError) as refused:
        client.infer(request)
    return refused.value


def test_raw_inputs_are_answered_with_raw_outputs(client: RpcClient) -> None:
    """This is the fast path, and what every client library sends."""
    answer = client.infer(both(id="req-7", model_version="1"))

    assert (answer.model_name, answer.model_version, answer.id) == ("m", "1", "req-7")
    assert [(each.name, each.datatype) for each in answer.outputs] == [("total", "FP32"), ("twice", "INT64")]
    np.testing.assert_array_equal(raw_output(answer, 0, np.float32), A + N)
    np.testing.assert_array_equal(raw_output(answer, 1, np.int64), N + N)


def test_typed_contents_are_answered_raw_too(client: RpcClient) -> None:
    """Clients without numpy fill the typed fields; Triton answers raw whatever came."""
    request = infer_request(outputs=["twice"])
    request.inputs.add(name="a", datatype="FP32", shape=[2, 3], contents={"fp32_contents": A.ravel()})
    request.inputs.add(name="n", datatype="INT64", shape=[2, 3], contents={"int64_contents": N.ravel()})

    answer = client.infer(request)

    assert [each.name for each in answer.outputs] == ["twice"]
    np.testing.assert_array_equal(raw_output(answer, 0, np.int64), N + N)


def test_an_output_may_be_asked_for_as_classes(client: RpcClient) -> None:
    """The classification extension, as over REST."""
    request = both(outputs=["total"])
    request.outputs[0].parameters["classification"].int64_param = 1

    answer = client.infer(request)

    assert (answer.outputs[0].datatype, list(answer.outputs[0].shape)) == ("BYTES", [2, 1])
    assert answer.raw_output_contents[0] == b"\x0a\0\0\0" + b"4.000000:2" + b"\x0a\0\0\0" + b"8.000000:2"


@pytest.mark.parametrize("model", ["m", "nope"])
def test_every_answer_names_the_revision(client: RpcClient, model: str) -> None:
    """A smoke test of a preview must be able to tell which revision answered, errors included."""
    call = client.start(f"/{INFERENCE}/ModelInfer", both(model=model).SerializeToString())

    call.exception()

    assert dict(call.initial_metadata())["x-slipway-revision"] == "6f8d9c7b5"


def test_a_request_s_id_comes_back_and_stands_in_the_access_log(
    client: RpcClient, server: RuntimeServer
) -> None:
    """One id finds a call in the logs of both sides; what was sent is in neither."""
    metadata = (("x-request-id", "abc-123"),)
    _, call = client.channel.unary_unary(f"/{INFERENCE}/ModelInfer").with_call(
        both().SerializeToString(), metadata=metadata
    )

    line = server.wait_for("request")
    while line["request_id"] != "abc-123":
        line = server.wait_for("request")
    assert dict(call.initial_metadata())["x-request-id"] == "abc-123"
    assert (line["path"], line["protocol"], line["code"]) == (f"/{INFERENCE}/ModelInfer", "v2-grpc", 0)


def test_the_server_and_its_model_say_what_they_are(client: RpcClient) -> None:
    """Client libraries build their requests from these."""
    assert client.call(INFERENCE, "ServerLive").live
    assert client.call(INFERENCE, "ServerReady").ready
    assert client.call(INFERENCE, "ModelReady", asking("ModelReady")).ready
    assert client.call(INFERENCE, "ServerMetadata").name == "slipway"

    metadata = client.call(INFERENCE, "ModelMetadata", asking("ModelMetadata", version="1"))
    assert (metadata.name, list(metadata.versions), metadata.platform) == ("m", ["1"], "onnxruntime_onnx")
    assert [(each.name, each.datatype, list(each.shape)) for each in metadata.inputs] == [
        ("a", "FP32", [-1, 3]),
        ("n", "INT64", [-1, 3]),
    ]
    config = client.call(INFERENCE, "ModelConfig", asking("ModelConfig")).config
    assert [(each.name, each.data_type, list(each.dims)) for each in config.output] == [
        ("total", 11, [-1, 3]),
        ("twice", 9, [-1, 3]),
    ]


def test_an_unknown_model_is_not_ready_rather_than_an_error(client: RpcClient) -> None:
    """Triton's clients poll this while a model comes up."""
    assert not client.call(INFERENCE, "ModelReady", asking("ModelReady", "nope")).ready


def test_the_repository_lists_the_model_and_loads_no_other(client: RpcClient) -> None:
    """Which model is served is the platform's decision; a client that asks learns why not."""
    (listed,) = client.call(INFERENCE, "RepositoryIndex").models
    with pytest.raises(grpc.RpcError) as refused:
        client.call(INFERENCE, "RepositoryModelLoad")

    assert (listed.name, listed.version, listed.state) == ("m", "1", "READY")
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "the model is chosen when the server starts" in refused.value.details()


def test_statistics_and_metrics_count_what_was_answered(client: RpcClient, server: RuntimeServer) -> None:
    """perf_analyzer reads the first, a dashboard the second."""
    (before,) = client.call(INFERENCE, "ModelStatistics", asking("ModelStatistics")).model_stats

    client.infer(both())
    refusal(client, both(outputs=["q"]))

    (after,) = client.call(INFERENCE, "ModelStatistics", asking("ModelStatistics", "")).model_stats
    metrics = server.probe("/metrics").text
    assert after.inference_count == before.inference_count + 2  # rows
    assert after.inference_stats.success.count == before.inference_stats.success.count + 1
    assert 'slipway_requests_total{model="m",protocol="v2-grpc",code="0"}' in metrics
    assert 'slipway_requests_total{model="m",protocol="v2-grpc",code="3"}' in metrics


def contents(field: str, values: Any, *, datatype: str = "FP32", shape: Any = (2, 3)) -> Any:
    """A request whose input `a` has these typed contents."""
    request = infer_request()
    request.inputs.add(name="a", datatype=datatype, shape=shape, contents={field: values})
    return request


def mixed() -> Any:
    """Raw bytes, and typed contents besides."""
    request = both()
    request.inputs[0].contents.fp32_contents.extend([1.0])
    return request


def one_blob_too_few() -> Any:
    """Two inputs, raw bytes of one."""
    request = both()
    del request.raw_input_contents[1]
    return request


def with_shape(*shape: int) -> Any:
    """Raw inputs of which the first declares this shape."""
    request = both()
    request.inputs[0].shape[:] = shape
    return request


def with_timeout(value: str) -> Any:
    """A time-out that is no number of microseconds."""
    request = both()
    request.parameters["timeout"].string_param = value
    return request


INVALID = grpc.StatusCode.INVALID_ARGUMENT
FAULTS = [
    (infer_request(), INVALID, "expected 2 inputs but got 0 inputs for model 'm'"),
    (both(model="nope"), grpc.StatusCode.NOT_FOUND, "Request for unknown model: 'nope' is not found"),
    (both(model_version="9"), grpc.StatusCode.NOT_FOUND, "version '9' is not found"),
    (both(outputs=["q"]), INVALID, "unexpected inference output 'q' for model 'm'"),
    (add_raw(both(), "zz", A), INVALID, "unexpected inference input 'zz' for model 'm'"),
    (add_raw(both(), "a", A), INVALID, "given twice"),
    (mixed(), INVALID, "contents field must not be specified when using raw_input_contents"),
    (one_blob_too_few(), INVALID, "expected 2 inputs but got 1 raw_input_contents"),
    (with_shape(2, 2), INVALID, "Expected 16, got 24"),
    (with_shape(-2, -3), INVALID, "integers from 0"),
    (with_shape(2**62, 2**62, 2**62), INVALID, "more than 2^63"),
    (with_shape(6), INVALID, "unexpected shape for input 'a' for model 'm'. Expected [-1,3], got [6]"),
    (with_timeout("soon"), INVALID, "'timeout'"),
    (contents("fp32_contents", [1.0]), INVALID, "has 1 elements in fp32_contents"),
    (contents("int64_contents", [1] * 6), INVALID, "has 0 elements in fp32_contents"),
    (contents("fp32_contents", [1.0] * 6, datatype="FP16"), INVALID, "send it in raw_input_contents"),
    (contents("fp32_contents", [1.0] * 6, datatype="FP31"), INVALID, "must be one of BOOL"),
    (contents("int_contents", [300] * 6, datatype="INT8"), INVALID, "between -128 and 127"),
    (contents("int_contents", [1] * 6, datatype="INT8"), INVALID, "data-type is 'INT8'"),
]


@pytest.mark.parametrize(("request_", "code", "text"), FAULTS, ids=[text for _, _, text in FAULTS])
def test_a_client_s_fault_has_triton_s_code_and_says_what_to_change(
    client: RpcClient, request_: Any, code: grpc.StatusCode, text: str
) -> None:
    """INTERNAL or UNKNOWN would page the people who run the server for what only the caller can mend."""
    error = refusal(client, request_)

    assert (error.code(), text in error.details()) == (code, True), error.details()


@pytest.mark.parametrize("text", [b"\xff", b"\x2a\x7f\x01", b"nonsense"])
def test_bytes_that_are_no_message_are_the_client_s_fault(client: RpcClient, text: bytes) -> None:
    """The library's own server would answer INTERNAL and log a traceback."""
    error = client.start(f"/{INFERENCE}/ModelInfer", text).exception()

    assert error.code() is INVALID
    assert "inference.ModelInferRequest" in error.details()


@pytest.mark.parametrize("path", ["/nowhere", "/inference.GRPCInferenceService/SystemSharedMemoryStatus"])
def test_a_method_that_is_not_there_is_unimplemented(client: RpcClient, path: str) -> None:
    """Client libraries tell their users from that code that the server lacks an extension."""
    assert client.start(path, b"").exception().code() is grpc.StatusCode.UNIMPLEMENTED


def test_unknown_fields_are_skipped(client: RpcClient) -> None:
    """Newer clients send what older servers do not know."""
    request = message("inference.ModelInferRequest").FromString(both().SerializeToString() + b"\x9a\x06\x01x")

    assert len(client.infer(request).outputs) == 2
