"""tensorflow.serving: PredictionService and ModelService, each method a few lines around the data plane."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from slipway_runtime.protocol import tfs_grpc, tfs_rest_examples
from slipway_runtime.rpc.inference import Codec
from slipway_runtime.rpc.messages import message
from slipway_runtime.rpc.method import Method
from slipway_runtime.rpc.parse import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from slipway_runtime.dataplane import DataPlane
    from slipway_runtime.lifecycle.model import Model
    from slipway_runtime.protocol.messages import InferenceRequest, InferenceResult
    from slipway_runtime.protocol.signature import Signature
    from slipway_runtime.rpc.inference import Inferences
    from slipway_runtime.rpc.method import Answer, Caller

PREDICTION = "tensorflow.serving.PredictionService"
MODEL = "tensorflow.serving.ModelService"
PROTOCOL = "tfs-grpc"


class TfServing:
    """Both services.

    Args:
        dataplane: what answers.
        inferences: runs inferences.
        labels: that stand for the served version.
    """

    def __init__(self, dataplane: DataPlane, inferences: Inferences, labels: Collection[str]) -> None:
        self._dataplane = dataplane
        self._inferences = inferences
        self._labels = labels

    def prediction_methods(self) -> dict[str, Method]:
        """PredictionService's by name."""
        return {
            "Predict": self._inference("Predict", self._predict, _predicted),
            "Classify": self._inference("Classification", self._classify, tfs_grpc.classified, "Classify"),
            "Regress": self._inference("Regression", self._regress, _regressed, "Regress"),
            "GetModelMetadata": Method(_answering("GetModelMetadata", self._metadata)),
        }

    def model_methods(self) -> dict[str, Method]:
        """ModelService's by name."""
        return {"GetModelStatus": Method(_answering("GetModelStatus", self._status))}

    def _inference(
        self,
        kind: str,
        read: Callable[[Any, str, Signature], InferenceRequest],
        fill: Callable[[InferenceResult, Signature, Any], None],
        method: str = "",
    ) -> Method:
        """A method that reads <kind>Request and fills <kind>Response."""
        request = message(f"tensorflow.serving.{kind}Request")
        response = message(f"tensorflow.serving.{kind}Response")

        def decode(text: bytes) -> tuple[InferenceRequest, Signature]:
            asked = parse(request, text)
            version = tfs_grpc.version_of(asked.model_spec, self._labels)
            signature = self._dataplane.signature(self._dataplane.model(asked.model_spec.name, version))
            return read(asked, version, signature), signature

        def encode(result: InferenceResult, signature: Signature) -> bytes:
            answer = response()
            fill(result, signature, answer)
            written: bytes = answer.SerializeToString()
            return written

        codec = Codec(PROTOCOL, f"/{PREDICTION}/{method or kind}", decode, encode)
        return Method(partial(self._inferences.run, codec))

    def _predict(self, asked: Any, version: str, signature: Signature) -> InferenceRequest:
        return tfs_grpc.predict(asked, version, signature)

    def _classify(self, asked: Any, version: str, signature: Signature) -> InferenceRequest:
        return tfs_grpc.examples(asked, version, signature, tfs_rest_examples.classified(signature))

    def _regress(self, asked: Any, version: str, signature: Signature) -> InferenceRequest:
        return tfs_grpc.examples(asked, version, signature, tfs_rest_examples.regressed(signature))

    def _metadata(self, asked: Any, answer: Any) -> None:
        tfs_grpc.check_metadata_fields(asked.metadata_field)
        model = self._model(asked)
        answer.model_spec.name = model.name
        answer.model_spec.version.value = int(model.versions[-1])
        found = message("tensorflow.serving.SignatureDefMap")()
        tfs_grpc.describe_model(self._dataplane.signature(model), found)
        packed = answer.metadata[tfs_grpc.METADATA]
        packed.type_url = f"type.googleapis.com/{found.DESCRIPTOR.full_name}"
        packed.value = found.SerializeToString()

    def _status(self, asked: Any, answer: Any) -> None:
        model = self._model(asked)
        tfs_grpc.status(model.versions, str(model.lifecycle.state), answer)

    def _model(self, asked: Any) -> Model:
        spec = asked.model_spec
        return self._dataplane.model(spec.name, tfs_grpc.version_of(spec, self._labels))


def _predicted(result: InferenceResult, _: Signature, answer: Any) -> None:
    tfs_grpc.predicted(result, answer)


def _regressed(result: InferenceResult, _: Signature, answer: Any) -> None:
    tfs_grpc.regressed(result, answer)


def _answering(name: str, fill: Callable[[Any, Any], None]) -> Callable[[bytes, Caller], Answer]:
    """A method that reads <name>Request and fills <name>Response."""
    request = message(f"tensorflow.serving.{name}Request")
    response = message(f"tensorflow.serving.{name}Response")

    def answer(text: bytes, _: Caller) -> bytes:
        filled = response()
        fill(parse(request, text), filled)
        written: bytes = filled.SerializeToString()
        return written

    return answer
