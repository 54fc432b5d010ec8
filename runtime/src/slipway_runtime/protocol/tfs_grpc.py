"""TensorFlow Serving, gRPC: its requests to inputs, results to its answers, what a model says about itself.

The messages are anything with the protocol's fields; nothing here knows their classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.class_labels import labels_of
from slipway_runtime.protocol.messages import InferenceRequest
from slipway_runtime.protocol.rows import from_records
from slipway_runtime.protocol.tfs_grpc_tensor import KINDS, array_of, describe, fill
from slipway_runtime.protocol.tfs_rest import DEFAULT_SIGNATURE, answered, check_signature_name
from slipway_runtime.protocol.words import quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from slipway_runtime.protocol.messages import InferenceResult
    from slipway_runtime.protocol.signature import Signature, TensorSpec

STATES = {"PENDING": 10, "PULLING": 20, "LOADING": 20, "READY": 30, "DRAINING": 30}
_END = 50
_UNAVAILABLE = 14
METADATA = "signature_def"
METHODS = ("tensorflow/serving/classify", "tensorflow/serving/regress", "classify", "regress")


def version_of(spec: Any, labels: Collection[str]) -> str:
    """The version that a ModelSpec asks for; empty for any, as version 0 is.

    Raises:
        InvalidRequest: no such label.
    """
    if spec.version_label and spec.version_label not in labels:
        raise InvalidRequest(
            f"Unrecognized servable version label: {quoted(spec.version_label)}; "
            f"the served version has {', '.join(labels) or 'none'}"
        )
    return str(spec.version.value) if spec.HasField("version") and spec.version.value else ""


def predict(message: Any, version: str, signature: Signature) -> InferenceRequest:
    """Read a PredictRequest.

    Raises:
        InvalidRequest: it does not fit the protocol.
    """
    spec = message.model_spec
    check_signature_name({"signature_name": spec.signature_name})
    inputs = {name: array_of(name, tensor, spec.name) for name, tensor in message.inputs.items()}
    outputs = tuple(message.output_filter) or answered(signature)
    return InferenceRequest(spec.name, version, "", inputs, outputs)


def predicted(result: InferenceResult, answer: Any) -> None:
    """Fill a PredictResponse."""
    _fill_spec(result.model, result.version, answer.model_spec)
    for spec, array in zip(result.specs, result.arrays, strict=True):
        fill(spec.datatype, array, answer.outputs[spec.name])


def examples(message: Any, version: str, signature: Signature, output: str) -> InferenceRequest:
    """Read a ClassificationRequest or a RegressionRequest.

    Args:
        message: one of them.
        version: that it asks for.
        signature: the model's.
        output: that answers it.

    Raises:
        InvalidRequest: it does not fit the protocol or the model.
    """
    spec = message.model_spec
    if spec.signature_name not in METHODS:
        check_signature_name({"signature_name": spec.signature_name})
    shared: dict[str, Any] = {}
    entries = message.input.example_list.examples
    if message.input.WhichOneof("kind") == "example_list_with_context":
        shared = _features(message.input.example_list_with_context.context)
        entries = message.input.example_list_with_context.examples
    if not entries:
        raise InvalidRequest("Input is empty: send at least one example")
    records = [{**shared, **_features(entry)} for entry in entries]
    return InferenceRequest(spec.name, version, "", from_records(signature, records), (output,))


def classified(result: InferenceResult, signature: Signature, answer: Any) -> None:
    """Fill a ClassificationResponse: each example's classes with their scores, in the model's order."""
    _fill_spec(result.model, result.version, answer.model_spec)
    scores = result.arrays[0]
    labels = labels_of(signature, scores.shape[-1])
    for row in scores.tolist():
        classes = answer.result.classifications.add().classes
        for label, score in zip(labels, row, strict=True):
            classes.add(label=label, score=score)


def regressed(result: InferenceResult, answer: Any) -> None:
    """Fill a RegressionResponse: one number for each example."""
    _fill_spec(result.model, result.version, answer.model_spec)
    for value in result.arrays[0].reshape(-1).tolist():
        answer.result.regressions.add(value=value)


def check_metadata_fields(fields: Collection[str]) -> None:
    """Only the signature can be asked for.

    Raises:
        InvalidRequest: nothing was, or something else.
    """
    if not fields:
        raise InvalidRequest(
            f"GetModelMetadataRequest must specify at least one metadata_field: '{METADATA}'"
        )
    for field in fields:
        if field != METADATA:
            raise InvalidRequest(f"Metadata field {quoted(field)} is not supported: ask for '{METADATA}'")


def describe_model(signature: Signature, answer: Any) -> None:
    """Fill a SignatureDefMap."""
    definition = answer.signature_def[DEFAULT_SIGNATURE]
    definition.method_name = "tensorflow/serving/predict"
    by_name = signature.output_by_name
    _fill_infos(signature.input_by_name, definition.inputs)
    _fill_infos({name: by_name[name] for name in answered(signature)}, definition.outputs)


def status(versions: Collection[str], state: str, answer: Any) -> None:
    """Fill a GetModelStatusResponse.

    Args:
        versions: that are served.
        state: of the model's life, in this server's words.
        answer: the message.
    """
    for version in versions:
        entry = answer.model_version_status.add(version=int(version), state=STATES.get(state, _END))
        entry.status.error_code = 0 if state in STATES else _UNAVAILABLE
        entry.status.error_message = "" if state in STATES else f"the model is {state}"


def _fill_infos(specs: Mapping[str, TensorSpec], infos: Any) -> None:
    for name, spec in specs.items():
        info = infos[name]
        info.name = f"{name}:0"
        info.dtype = KINDS[spec.datatype].number if spec.datatype in KINDS else 0
        describe(spec.shape, info.tensor_shape)


def _fill_spec(model: str, version: str, spec: Any) -> None:
    spec.name = model
    spec.signature_name = DEFAULT_SIGNATURE
    spec.version.value = int(version)


def _features(example: Any) -> dict[str, Any]:
    """Names and values of an Example; a list of one stands for its value."""
    found: dict[str, Any] = {}
    for name, feature in example.features.feature.items():
        kind = feature.WhichOneof("kind")
        values = list(getattr(feature, kind).value) if kind else []
        if kind == "bytes_list":
            values = _texts(values, name)
        if values:  # a feature without values is a missing one
            found[name] = values[0] if len(values) == 1 else values
    return found


def _texts(values: list[bytes], name: str) -> list[str]:
    try:
        return [value.decode() for value in values]
    except UnicodeDecodeError:
        raise InvalidRequest(f"feature {quoted(name)} is not UTF-8 text") from None
