"""TensorFlow Serving's predict, and KServe's V1, which is the same on the wire.

`instances` is the row form: a value for each row, or an object with a value for each input; the answer is
`predictions`, again one entry a row. `inputs` is the columnar form: a whole tensor, or an object of them; the
answer is `outputs`. A model with one output answers its bare values, one with several answers objects. A
model that says which of its outputs is the answer (a converted estimator: the others are what the answer was
found from) answers that one, as KServe's servers for such models do.

Objects may also name the columns of a single table; TensorFlow Serving would refuse them.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, NamedTuple

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.answers import dump, value_of
from slipway_runtime.protocol.json_cast import is_base64
from slipway_runtime.protocol.json_document import Numbers
from slipway_runtime.protocol.json_values import kind_of, parse
from slipway_runtime.protocol.rows import Inputs, from_named, from_records, from_tensor
from slipway_runtime.protocol.tensors import BYTES
from slipway_runtime.protocol.words import quoted

if TYPE_CHECKING:
    from slipway_runtime.protocol.messages import InferenceResult
    from slipway_runtime.protocol.signature import Signature, TensorSpec
    from slipway_runtime.protocol.tensors import Array

DEFAULT_SIGNATURE = "serving_default"
_BYTES_SUFFIX = "_bytes"


class Prediction(NamedTuple):
    """A predict request.

    Attributes:
        inputs: by name.
        outputs: wanted names.
        by_row: answer in the row form.
    """

    inputs: Inputs
    outputs: tuple[str, ...]
    by_row: bool


def decode(body: bytes, signature: Signature) -> Prediction:
    """Read a predict request.

    Raises:
        InvalidRequest: it does not fit the protocol or the model.
    """
    return read(object_of(body), signature)


def read(document: dict[str, Any], signature: Signature) -> Prediction:
    """The same, of a body that is parsed already."""
    check_signature_name(document)
    outputs = answered(signature)
    if "instances" in document and "inputs" in document:
        raise InvalidRequest("send either 'instances' (rows) or 'inputs' (columns), not both")
    if "instances" in document:
        return Prediction(_rows(document["instances"], signature), outputs, by_row=True)
    if "inputs" in document:
        value = document["inputs"]
        named = type(value) is dict and not is_base64(value)
        inputs = from_named(signature, value) if named else from_tensor(signature, value)
        return Prediction(inputs, outputs, by_row=False)
    raise InvalidRequest("Missing 'inputs' or 'instances' key")


def answered(signature: Signature) -> tuple[str, ...]:
    """The outputs that an answer has."""
    return (signature.primary,) if signature.primary else signature.output_names


def encode(result: InferenceResult, *, by_row: bool) -> bytes:
    """Write an answer.

    Raises:
        InvalidRequest: an output has no JSON form, or no rows where rows are asked for.
    """
    outputs = {
        spec.name: _value(spec, array) for spec, array in zip(result.specs, result.arrays, strict=True)
    }
    if not by_row:
        return dump({"outputs": outputs if len(outputs) > 1 else next(iter(outputs.values()))})
    _check_rows(result)
    if len(outputs) == 1:
        return dump({"predictions": next(iter(outputs.values()))})
    rows = zip(*outputs.values(), strict=True)
    return dump({"predictions": [dict(zip(outputs, row, strict=True)) for row in rows]})


def object_of(body: bytes) -> dict[str, Any]:
    """A body that has to be an object.

    Raises:
        InvalidRequest: it is something else.
    """
    document = parse(body)
    if type(document) is not dict:
        raise InvalidRequest(f"the body must be a JSON object, not {kind_of(document)}")
    return document


def check_signature_name(document: dict[str, Any]) -> None:
    """There is one signature; asking for another is a mistake.

    Raises:
        InvalidRequest: another one was asked for.
    """
    name = document.get("signature_name", "")
    if type(name) is not str:
        raise InvalidRequest(f"'signature_name' must be a string, not {kind_of(name)}")
    if name not in ("", DEFAULT_SIGNATURE):
        raise InvalidRequest(
            f"Serving signature name: {quoted(name)} not found in signature def; "
            f"leave it out or ask for '{DEFAULT_SIGNATURE}'"
        )


def _rows(value: object, signature: Signature) -> Inputs:
    if type(value) is Numbers:
        return from_tensor(signature, value)
    if type(value) is not list:
        raise InvalidRequest(f"'instances' must be an array with an entry for each row, not {kind_of(value)}")
    if not value:
        raise InvalidRequest("No values in 'instances' array: send at least one row")
    if type(value[0]) is dict and not is_base64(value[0]):
        return from_records(signature, value)
    return from_tensor(signature, value)


def _check_rows(result: InferenceResult) -> None:
    counts = {array.shape[:1] for array in result.arrays}
    if len(counts) > 1 or () in counts:
        raise InvalidRequest(
            "the outputs have no common number of rows: send 'inputs' instead of 'instances'"
        )


def _value(spec: TensorSpec, array: Array) -> Any:
    """Strings are text, unless the output's name says that they are bytes."""
    if spec.datatype == BYTES and spec.name.endswith(_BYTES_SUFFIX):
        return _as_base64(array.tolist())
    return value_of(spec, array)


def _as_base64(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_base64(item) for item in value]
    return {"b64": base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode()}
