"""TensorFlow Serving's gRPC services as its clients see them, over a real connection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import pytest

from onnx_models import save, two_of_each
from rpc_client import MODEL, PREDICTION, RpcClient, rpc
from runtime_server import serving
from slipway_runtime.rpc.messages import message

FLOAT, INT64 = 1, 9
INVALID, NOT_FOUND = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RpcClient]:
    """A client of the port for those who know only 8500."""
    folder = tmp_path_factory.mktemp("model")
    save(two_of_each(), folder / "model.onnx")
    with (
        serving(folder, "--version-labels", "stable,canary", name="both") as server,
        rpc(server.grpc_port) as found,
    ):
        yield found


def ask(kind: str, model: str = "both", **spec: Any) -> Any:
    """An empty request about a model."""
    version = spec.pop("version", None)
    request = message(f"tensorflow.serving.{kind}Request")()
    request.model_spec.name = model
    for key, value in spec.items():
        setattr(request.model_spec, key, value)
    if version is not None:
        request.model_spec.version.value = version
    return request


def put(request: Any, name: str, dtype: int, shape: tuple[int, ...], **values: Any) -> Any:
    """Put a tensor into a predict request; returns the request."""
    tensor = request.inputs[name]
    tensor.dtype = dtype
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    for field, value in values.items():
        if field == "tensor_content":
            tensor.tensor_content = value
        else:
            getattr(tensor, field).extend(value)
    return request


def predict(**spec: Any) -> Any:
    """A good request: a has raw content, n stands for six ones."""
    request = put(
        ask("Predict", **spec), "a", FLOAT, (2, 3), tensor_content=np.arange(6, dtype="f4").tobytes()
    )
    return put(request, "n", INT64, (2, 3), int64_val=[1])


def shape(tensor: Any) -> list[int]:
    """A TensorProto's shape."""
    return [dim.size for dim in tensor.tensor_shape.dim]


@pytest.mark.parametrize(
    "spec",
    [{}, {"version": 1}, {"version": 0}, {"version_label": "canary"}, {"signature_name": "serving_default"}],
)
def test_predict_takes_content_and_values_and_answers_values(client: RpcClient, spec: dict[str, Any]) -> None:
    """Clients read `outputs["total"].float_val`; content in the answer would look like no values to them."""
    answer = client.call(PREDICTION, "Predict", predict(**spec))

    assert (answer.model_spec.name, answer.model_spec.version.value) == ("both", 1)
    assert (answer.outputs["total"].dtype, shape(answer.outputs["total"])) == (FLOAT, [2, 3])
    assert list(answer.outputs["total"].float_val) == [1, 2, 3, 4, 5, 6]
    assert list(answer.outputs["twice"].int64_val) == [2] * 6
    assert answer.outputs["total"].tensor_content == b""


def test_an_output_filter_is_kept_to(client: RpcClient) -> None:
    """A client that wants one of many outputs does not pay for the others."""
    request = predict()
    request.output_filter.append("twice")

    assert list(client.call(PREDICTION, "Predict", request).outputs) == ["twice"]


def test_metadata_is_the_signature_that_the_model_has(client: RpcClient) -> None:
    """Client libraries read names, types and shapes from it."""
    request = ask("GetModelMetadata")
    request.metadata_field.append("signature_def")

    answer = client.call(PREDICTION, "GetModelMetadata", request)

    packed = answer.metadata["signature_def"]
    found = message("tensorflow.serving.SignatureDefMap").FromString(packed.value)
    signature = found.signature_def["serving_default"]
    assert packed.type_url == "type.googleapis.com/tensorflow.serving.SignatureDefMap"
    assert (signature.inputs["n"].name, signature.inputs["n"].dtype) == ("n:0", INT64)
    assert shape(signature.outputs["total"]) == [-1, 3]


def test_status_tells_the_version_that_is_available(client: RpcClient) -> None:
    """Deployment scripts poll it until they see AVAILABLE."""
    (found,) = client.call(MODEL, "GetModelStatus", ask("GetModelStatus")).model_version_status

    assert (found.version, found.state, found.status.error_code) == (1, 30, 0)


FAULTS = [
    ("Predict", predict(model="nope"), NOT_FOUND, "unknown model: 'nope'"),
    ("Predict", predict(version=9), NOT_FOUND, "version '9' is not found"),
    ("Predict", predict(version_label="beta"), INVALID, "Unrecognized servable version label: 'beta'"),
    ("Predict", predict(signature_name="other"), INVALID, "'other' not found in signature def"),
    ("Predict", ask("Predict"), INVALID, "expected 2 inputs but got 0"),
    ("Predict", put(predict(), "zz", FLOAT, (1,), float_val=[1]), INVALID, "unexpected inference input 'zz'"),
    ("Predict", put(predict(), "a", 8, ()), INVALID, "datatype 8, which is not served"),
    ("Predict", put(ask("Predict"), "a", FLOAT, (2, 3), tensor_content=b"x"), INVALID, "Expected 24, got 1"),
    ("Predict", put(ask("Predict"), "a", FLOAT, (2,), float_val=[1, 2, 3]), INVALID, "has 3 values"),
    (
        "Predict",
        put(ask("Predict"), "a", FLOAT, (10**12,), float_val=[1]),
        INVALID,
        "more than 67108864 bytes",
    ),
    ("Predict", put(ask("Predict"), "a", FLOAT, (-1,), float_val=[1]), INVALID, "integers from 0"),
    ("GetModelMetadata", ask("GetModelMetadata"), INVALID, "at least one metadata_field"),
    ("Classify", ask("Classification"), INVALID, "the model does not allow classify"),
]


@pytest.mark.parametrize(("method", "request_", "code", "text"), FAULTS, ids=[text for *_, text in FAULTS])
def test_a_client_s_fault_says_what_to_change(
    client: RpcClient, method: str, request_: Any, code: grpc.StatusCode, text: str
) -> None:
    """INTERNAL or UNKNOWN would page the people who run the server for what only the caller can mend."""
    with pytest.raises(grpc.RpcError) as refused:
        client.call(PREDICTION, method, request_, kind=request_.DESCRIPTOR.name.removesuffix("Request"))

    assert (refused.value.code(), text in refused.value.details()) == (code, True), refused.value.details()


def test_what_is_not_served_is_unimplemented(client: RpcClient) -> None:
    """MultiInference shares a run between heads of one model, which models here do not have."""
    error = client.start(f"/{PREDICTION}/MultiInference", b"").exception()

    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
