"""TensorFlow Serving's classify and regress: examples in, labels with scores or one number each out.

An example is an object of features; `context` holds the features that all examples share. A feature is an
input of the model, or a column of its only table. A model allows classify when it has an output of scores
for each class, and regress when its answer is one number a row.

The label beside a score is the class's name where the model tells its classes, and empty where it does not:
the protocol leaves that open, and an index might be taken for a label.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.answers import dump, one_a_row, primary_of
from slipway_runtime.protocol.class_labels import labels_of
from slipway_runtime.protocol.json_values import kind_of
from slipway_runtime.protocol.rows import TABLE, Inputs, from_records
from slipway_runtime.protocol.tfs_rest import check_signature_name, object_of
from slipway_runtime.protocol.words import quoted

if TYPE_CHECKING:
    from slipway_runtime.protocol.messages import InferenceResult
    from slipway_runtime.protocol.signature import Signature

SCORES = "probabilities"
_SIGNATURES = ("tensorflow/serving/classify", "tensorflow/serving/regress", "classify", "regress")
_FLOATS = frozenset({"FP16", "FP32", "FP64"})


def decode(body: bytes, signature: Signature) -> Inputs:
    """Read a classify or regress request.

    Raises:
        InvalidRequest: it does not fit the protocol or the model.
    """
    document = object_of(body)
    if document.get("signature_name") not in _SIGNATURES:
        check_signature_name(document)
    context = document.get("context", {})
    examples = document.get("examples")
    if type(context) is not dict:
        raise InvalidRequest(f"'context' must be an object of features, not {kind_of(context)}")
    if type(examples) is not list:
        raise InvalidRequest(f"'examples' must be an array of objects, not {kind_of(examples)}")
    if not examples:
        raise InvalidRequest("'examples' value is an empty array: send at least one")
    return from_records(signature, [_example(example, context) for example in examples])


def classified(signature: Signature) -> str:
    """The output that classify answers with.

    Raises:
        InvalidRequest: the model gives no scores.
    """
    spec = signature.output_by_name.get(SCORES)
    if spec is None or len(spec.shape) != TABLE:
        raise InvalidRequest(
            f"the model does not allow classify: it has no output '{SCORES}' with a score for each class; "
            "send :predict instead"
        )
    return spec.name


def regressed(signature: Signature) -> str:
    """The output that regress answers with.

    Raises:
        InvalidRequest: the model's answer is not one number a row.
    """
    spec = signature.output_by_name[primary_of(signature)]
    if spec.datatype not in _FLOATS or spec.shape[1:] not in ((), (1,)):
        raise InvalidRequest(
            f"the model does not allow regress: its output '{spec.name}' is not one floating-point number "
            "for each example; send :predict instead"
        )
    return spec.name


def encode_classes(result: InferenceResult, signature: Signature) -> bytes:
    """Write the answer of classify: pairs of label and score for each example."""
    scores = result.arrays[0]
    labels = labels_of(signature, scores.shape[-1])
    return dump({"results": [list(zip(labels, row, strict=True)) for row in scores]})


def encode_numbers(result: InferenceResult) -> bytes:
    """Write the answer of regress: a number for each example."""
    return dump({"results": one_a_row(result.arrays[0])})


def _example(example: object, context: dict[str, Any]) -> dict[str, Any]:
    if type(example) is not dict:
        raise InvalidRequest(f"Example must be JSON object, not {kind_of(example)}")
    both = [name for name in context if name in example]
    if both:
        raise InvalidRequest(f"feature {quoted(both[0])} is in 'context' and in an example: give it once")
    return {name: _single(value) for name, value in (*context.items(), *example.items())}


def _single(value: Any) -> Any:
    """A feature of one value may stand in an array."""
    return value[0] if type(value) is list and len(value) == 1 else value
