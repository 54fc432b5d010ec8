"""inference.GRPCInferenceService: each method a few lines around the data plane.

Where the specification is silent it answers as Triton does: the readiness of an unknown model is an answer,
everything else about it NOT_FOUND; a bad request inside a stream is an answer, too, and the stream goes on.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from slipway_runtime.errors import NotFound, Unsupported
from slipway_runtime.protocol import v2_grpc, v2_grpc_about
from slipway_runtime.protocol.v2_grpc_known import recall, remember
from slipway_runtime.protocol.v2_grpc_written import keep, write_again
from slipway_runtime.protocol.v2_metadata import server_metadata
from slipway_runtime.rpc.inference import Codec
from slipway_runtime.rpc.messages import message
from slipway_runtime.rpc.method import Method
from slipway_runtime.rpc.parse import parse
from slipway_runtime.rpc.status import text_of
from slipway_runtime.telemetry.statistics import model_statistics

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway_runtime.dataplane import DataPlane
    from slipway_runtime.protocol.messages import InferenceRequest, InferenceResult
    from slipway_runtime.rpc.inference import Inferences
    from slipway_runtime.rpc.method import Answer, Caller
    from slipway_runtime.telemetry.metrics import Metrics

SERVICE = "inference.GRPCInferenceService"
PROTOCOL = "v2-grpc"
_REQUEST: Any = message("inference.ModelInferRequest")
_RESPONSE: Any = message("inference.ModelInferResponse")
_STREAM_RESPONSE: Any = message("inference.ModelStreamInferResponse")


class InferenceService:
    """The service.

    Args:
        dataplane: what answers.
        inferences: runs inferences.
        metrics: for the statistics.
    """

    def __init__(self, dataplane: DataPlane, inferences: Inferences, metrics: Metrics) -> None:
        self._dataplane = dataplane
        self._metrics = metrics
        unary = Codec(PROTOCOL, f"/{SERVICE}/ModelInfer", decode, encode)
        stream = Codec(PROTOCOL, f"/{SERVICE}/ModelStreamInfer", decode, encode_in_stream)
        self._infer = partial(inferences.run, unary)
        self._infer_in_stream = partial(inferences.run, stream)

    def methods(self) -> dict[str, Method]:
        """By name."""
        simple = {
            "ServerLive": self._live,
            "ServerReady": self._ready,
            "ModelReady": self._model_ready,
            "ServerMetadata": self._server,
            "ModelMetadata": self._model,
            "ModelConfig": self._config,
            "ModelStatistics": self._statistics,
            "RepositoryIndex": self._index,
            "RepositoryModelLoad": _fixed,
            "RepositoryModelUnload": _fixed,
        }
        return {
            **{name: Method(_answering(name, fill)) for name, fill in simple.items()},
            "ModelInfer": Method(self._infer),
            "ModelStreamInfer": Method(self._infer_in_stream, streaming=True, wrap=wrap),
        }

    def _live(self, _: Any, answer: Any) -> None:
        answer.live = True

    def _ready(self, _: Any, answer: Any) -> None:
        answer.ready = self._dataplane.ready()

    def _model_ready(self, request: Any, answer: Any) -> None:
        try:
            model = self._dataplane.model(request.name, request.version)
        except NotFound:
            return
        answer.ready = model.loaded is not None and model.lifecycle.serving

    def _server(self, _: Any, answer: Any) -> None:
        from importlib.metadata import version  # noqa: PLC0415 # a tenth of the time to start, for one method

        told = server_metadata(version("slipway"))
        answer.name, answer.version = told["name"], told["version"]
        answer.extensions.extend(told["extensions"])

    def _model(self, request: Any, answer: Any) -> None:
        model = self._dataplane.model(request.name, request.version)
        v2_grpc_about.metadata(model.name, model.versions, self._dataplane.signature(model), answer)

    def _config(self, request: Any, answer: Any) -> None:
        model = self._dataplane.model(request.name, request.version)
        v2_grpc_about.config(model.name, self._dataplane.signature(model), answer.config)

    def _statistics(self, request: Any, answer: Any) -> None:
        name, version = request.name, request.version
        models = (self._dataplane.model(name, version),) if name else self._dataplane.models()
        for model in models:
            counted = model_statistics(self._metrics, model.name)
            v2_grpc_about.statistics(model.name, model.versions[-1], counted, answer.model_stats.add())

    def _index(self, request: Any, answer: Any) -> None:
        for model in self._dataplane.models():
            serving = model.lifecycle.serving
            if serving or not request.ready:
                state = "READY" if serving else _INDEX_STATES.get(str(model.lifecycle.state), "UNAVAILABLE")
                answer.models.add(name=model.name, version=model.versions[-1], state=state)


_INDEX_STATES = {"PENDING": "LOADING", "PULLING": "LOADING", "LOADING": "LOADING"}


def decode(text: bytes) -> tuple[InferenceRequest, InferenceRequest]:
    """A ModelInferRequest's bytes to a request, twice: the answer's form depends on it."""
    request = recall(text)
    if request is None:
        asked = parse(_REQUEST, text)
        request = v2_grpc.decode(asked)
        remember(text, asked, request)
    return request, request


def encode(result: InferenceResult, request: InferenceRequest) -> bytes:
    """A ModelInferResponse's bytes."""
    ordinary = request.form is None
    again = write_again(result) if ordinary else None
    if again is not None:
        return again
    answer = _RESPONSE()
    v2_grpc.encode(result, request, answer)
    text: bytes = answer.SerializeToString()
    if ordinary:
        keep(result, text)
    return text


def encode_in_stream(result: InferenceResult, request: InferenceRequest) -> bytes:
    """A ModelStreamInferResponse's bytes."""
    answer = _STREAM_RESPONSE()
    v2_grpc.encode(result, request, answer.infer_response)
    text: bytes = answer.SerializeToString()
    return text


def wrap(text: bytes, fault: BaseException) -> bytes:
    """The answer to a message that failed; it names the request, so that the client knows which."""
    answer = _STREAM_RESPONSE(error_message=text_of(fault))
    try:
        request = _REQUEST.FromString(text)
    except Exception:  # noqa: BLE001 # that may be what failed
        request = _REQUEST()
    answer.infer_response.id = request.id
    answer.infer_response.model_name = request.model_name
    written: bytes = answer.SerializeToString()
    return written


def _answering(name: str, fill: Callable[[Any, Any], None]) -> Callable[[bytes, Caller], Answer]:
    """A method that reads <name>Request and fills <name>Response."""
    request, response = message(f"inference.{name}Request"), message(f"inference.{name}Response")

    def answer(text: bytes, _: Caller) -> bytes:
        filled = response()
        fill(parse(request, text), filled)
        written: bytes = filled.SerializeToString()
        return written

    return answer


def _fixed(_: Any, __: Any) -> None:
    raise Unsupported(
        "explicit model load / unload is not allowed: the model is chosen when the server starts; "
        "start another server, or change the ModelDeployment"
    )
