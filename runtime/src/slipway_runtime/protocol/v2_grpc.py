"""Open Inference Protocol, gRPC: ModelInferRequest to InferenceRequest, result to ModelInferResponse.

Tensors come as raw bytes, one entry for each input, or as typed contents, and go out as raw bytes always, as
Triton answers. The messages are anything with the protocol's fields; nothing here knows their classes.

This runs for every request, so the straight way is written straight; words for people are made on the way
out only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.binary_tensor import array_from, bytes_of
from slipway_runtime.protocol.classification import highest
from slipway_runtime.protocol.messages import InferenceRequest
from slipway_runtime.protocol.tensors import (
    BYTES,
    DTYPES,
    MAX_DIMENSION,
    MAX_RANK,
    WITHOUT_JSON_FORM,
    element_count,
    shape_text,
)
from slipway_runtime.protocol.v2_form import form_of, seconds_of
from slipway_runtime.protocol.words import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway_runtime.protocol.messages import InferenceResult
    from slipway_runtime.protocol.tensors import Array, Shape

CONTENTS = {
    "BOOL": "bool_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    "INT64": "int64_contents",
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    BYTES: "bytes_contents",
}


def decode(message: Any) -> InferenceRequest:
    """Read a request.

    Args:
        message: a ModelInferRequest.

    Raises:
        InvalidRequest: it is not what the protocol describes.
    """
    model, raw, entries = message.model_name, message.raw_input_contents, message.inputs
    inputs: dict[str, Array] = {}
    if raw and len(raw) != len(entries):
        raise InvalidRequest(
            f"expected {len(entries)} inputs but got {len(raw)} raw_input_contents "
            f"for model {quoted(model)}: send one for each input, in their order"
        )
    for index, entry in enumerate(entries):
        name, datatype = entry.name, entry.datatype
        if name in inputs:
            raise InvalidRequest(f"input {quoted(name)} is given twice")
        shape = shape_of(entry.shape, name)
        if datatype not in DTYPES:
            raise InvalidRequest(
                f"'datatype' of input {quoted(name)} is {quoted(datatype)}; "
                f"it must be one of {', '.join(DTYPES)}"
            )
        if not raw:
            inputs[name] = typed_array(name, datatype, shape, entry.contents)
        elif entry.HasField("contents"):
            raise InvalidRequest(
                "contents field must not be specified when using raw_input_contents for "
                f"{quoted(name)} for model {quoted(model)}"
            )
        else:
            inputs[name] = array_from(name, datatype, shape, memoryview(raw[index]), model)
    outputs = tuple([output.name for output in message.outputs])
    if not message.parameters and not any(output.parameters for output in message.outputs):
        return InferenceRequest(model, message.model_version, message.id, inputs, outputs)
    return InferenceRequest(model, message.model_version, message.id, inputs, outputs, *_wishes(message))


def encode(result: InferenceResult, request: InferenceRequest, answer: Any) -> None:
    """Write an answer.

    Args:
        result: of the request.
        request: what it answers.
        answer: an empty ModelInferResponse; filled here.

    Raises:
        InvalidRequest: an output has no such form as was asked for.
    """
    answer.model_name = result.model
    answer.model_version = result.version
    answer.id = result.id
    classes = request.form.classes if request.form is not None else None
    for spec, array in zip(result.specs, result.arrays, strict=True):
        datatype = spec.datatype
        if classes and spec.name in classes:
            array, datatype = highest(spec.name, array, classes[spec.name]), BYTES  # noqa: PLW2901 # shown instead
        answer.outputs.add(name=spec.name, datatype=datatype, shape=array.shape)
        # tobytes copies the numbers once into what protobuf can take over; bytes_of would give it a view
        numbers = datatype != BYTES
        answer.raw_output_contents.append(array.tobytes() if numbers else bytes_of(array))


def shape_of(sizes: Any, name: str) -> Shape:
    """A declared shape, checked.

    Raises:
        InvalidRequest: too many dimensions, or a negative one.
    """
    shape = tuple(sizes)
    if len(shape) > MAX_RANK or (shape and min(shape) < 0):
        raise InvalidRequest(
            f"'shape' of input {quoted(name)} must be at most {MAX_RANK} integers from 0 to 2^63-1"
        )
    return shape


def typed_array(name: str, datatype: str, shape: Shape, contents: Any) -> Array:
    """The array of an input's typed contents.

    Args:
        name: the input's, for the error text.
        datatype: one of DTYPES.
        shape: from `shape_of`.
        contents: an InferTensorContents.

    Raises:
        InvalidRequest: no such form for the datatype, another count than the shape's, a number out of range.
    """
    if datatype in WITHOUT_JSON_FORM:
        raise InvalidRequest(
            f"input {quoted(name)}: {datatype} has no typed contents; send it in raw_input_contents"
        )
    values = getattr(contents, CONTENTS[datatype])
    count = element_count(shape)
    if len(values) != count:
        raise InvalidRequest(
            f"input {quoted(name)} has {len(values)} elements in {CONTENTS[datatype]}, its shape "
            f"{shape_text(shape)} asks for {count if count <= MAX_DIMENSION else 'more than 2^63-1'}"
        )
    if datatype == BYTES:
        return strings(values).reshape(shape)
    return in_range(np.array(values), DTYPES[datatype], name).reshape(shape)


def strings(values: Any) -> Array:
    """Text where all of them are UTF-8, which is what engines want; else bytes."""
    array = np.empty(len(values), dtype=np.object_)
    try:
        array[:] = [value.decode() for value in values]
    except UnicodeDecodeError:
        array[:] = list(values)
    return array


def in_range(values: Array, dtype: np.dtype[Any], name: str) -> Array:
    """Integers of the wire in a narrower type.

    Raises:
        InvalidRequest: one does not fit.
    """
    if dtype.kind in "iu" and dtype.itemsize < values.itemsize and values.size:
        limits = np.iinfo(dtype)
        if values.min() < limits.min or values.max() > limits.max:
            raise InvalidRequest(
                f"input {quoted(name)} must hold numbers between {limits.min} and {limits.max}"
            )
    return values.astype(dtype, copy=False)


def _wishes(message: Any) -> tuple[Any, float]:
    parameters = _plain(message.parameters)
    entries = [{"name": output.name, "parameters": _plain(output.parameters)} for output in message.outputs]
    return form_of(parameters, entries), seconds_of(parameters)


def _plain(parameters: Any) -> Mapping[str, Any]:
    """A map of InferParameter as JSON has it. `binary_data` is about JSON: answers here are raw always."""
    found = {}
    for key, value in parameters.items():
        choice = value.WhichOneof("parameter_choice")
        if choice is not None and not key.startswith("binary_data"):
            found[key] = getattr(value, choice)
    return found
