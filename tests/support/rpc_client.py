"""Raw gRPC calls to the server under test: messages by their full names, no generated stubs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import grpc
import numpy as np

from slipway_runtime.rpc.messages import message

INFERENCE = "inference.GRPCInferenceService"
PREDICTION = "tensorflow.serving.PredictionService"
MODEL = "tensorflow.serving.ModelService"
HEALTH = "grpc.health.v1.Health"
SECONDS = 30.0


class RpcClient:
    """One channel.

    Attributes:
        channel: for what is not here.
    """

    def __init__(self, channel: grpc.Channel) -> None:
        self.channel = channel

    def start(self, path: str, text: bytes, seconds: float = SECONDS) -> Any:
        """Begin a unary call of bytes to bytes; returns its future."""
        return self.channel.unary_unary(path).future(text, timeout=seconds, wait_for_ready=True)

    def call(self, service: str, method: str, request: Any = None, *, kind: str = "") -> Any:
        """A unary call; the messages are called <kind>Request and <kind>Response."""
        package, kind = service.rpartition(".")[0], kind or method
        request = message(f"{package}.{kind}Request")() if request is None else request
        answer = self.start(f"/{service}/{method}", request.SerializeToString()).result()
        return message(f"{package}.{kind}Response").FromString(answer)

    def infer(self, request: Any) -> Any:
        """ModelInfer."""
        return self.call(INFERENCE, "ModelInfer", request)

    def stream(self, requests: Iterable[Any], seconds: float = SECONDS) -> Any:
        """ModelStreamInfer: an iterator over its answers, and a call."""
        return self.channel.stream_stream(
            f"/{INFERENCE}/ModelStreamInfer",
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=message("inference.ModelStreamInferResponse").FromString,
        )(iter(requests), timeout=seconds, wait_for_ready=True)


@contextmanager
def rpc(port: int, *options: tuple[str, Any]) -> Iterator[RpcClient]:
    """A client of a port on this machine; it does not share its connection with others."""
    with grpc.insecure_channel(
        f"127.0.0.1:{port}", options=[("grpc.use_local_subchannel_pool", 1), *options]
    ) as channel:
        yield RpcClient(channel)


def asking(name: str, model: str = "m", **fields: Any) -> Any:
    """A request message of the inference protocol, about a model."""
    return message(f"inference.{name}Request")(name=model, **fields)


def infer_request(model: str = "m", outputs: Sequence[str] = (), **fields: Any) -> Any:
    """A ModelInferRequest without inputs."""
    return message("inference.ModelInferRequest")(
        model_name=model, outputs=[{"name": name} for name in outputs], **fields
    )


def add_raw(request: Any, name: str, array: Any, datatype: str = "FP32") -> Any:
    """Put an input into a request, its numbers raw; returns the request."""
    request.inputs.add(name=name, datatype=datatype, shape=array.shape)
    request.raw_input_contents.append(array.tobytes())
    return request


def raw_output(answer: Any, index: int, dtype: Any) -> Any:
    """An output of an answer as an array."""
    return np.frombuffer(answer.raw_output_contents[index], dtype).reshape(tuple(answer.outputs[index].shape))
