"""Open Inference Protocol, REST: an InferenceResult to the bytes of an answer.

JSON: orjson writes numpy arrays itself, each float with the fewest digits that give the same float back. It
writes null for NaN and the infinities, so an answer that has a null goes through the standard library,
which writes the tokens that Triton writes.

Where the client asked for binary data, the JSON is followed by the bytes of those outputs, in order.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np
import orjson

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.binary_tensor import bytes_of
from slipway_runtime.protocol.classification import highest
from slipway_runtime.protocol.tensors import BYTES, WITHOUT_JSON_FORM, datatype_of
from slipway_runtime.protocol.v2_tail import SIZE
from slipway_runtime.protocol.words import quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway_runtime.protocol.messages import Form, InferenceResult
    from slipway_runtime.protocol.tensors import Array


class Answer(NamedTuple):
    """The bytes of an answer.

    Attributes:
        body: JSON, and binary data if there is any.
        length: of the JSON where binary data follows; None where there is none.
    """

    body: bytes
    length: int | None


def encode(result: InferenceResult) -> bytes:
    """Write an answer as JSON; `data` is flat, in row-major order.

    Raises:
        InvalidRequest: an output has no JSON form.
    """
    outputs = []
    for spec, array in zip(result.specs, result.arrays, strict=True):
        datatype = spec.datatype
        data = _ODD[datatype](spec.name, array) if datatype in _ODD else array.ravel()
        outputs.append({"name": spec.name, "datatype": datatype, "shape": array.shape, "data": data})
    return _written(result, outputs)


def encode_as(result: InferenceResult, form: Form) -> Answer:
    """Write an answer in the form that the client asked for.

    Raises:
        InvalidRequest: an output has no such form.
    """
    outputs, binary = [], []
    for spec, array in zip(result.specs, result.arrays, strict=True):
        name, datatype = spec.name, spec.datatype
        classes = form.classes.get(name)
        shown = array if classes is None else highest(name, array, classes)
        if classes is not None:
            datatype = BYTES
        if not form.each.get(name, form.binary):
            data = _ODD[datatype](name, shown) if datatype in _ODD else shown.ravel()
            outputs.append({"name": name, "datatype": datatype, "shape": shown.shape, "data": data})
            continue
        raw = bytes_of(shown)
        outputs.append(
            {"name": name, "datatype": datatype, "shape": shown.shape, "parameters": {SIZE: len(raw)}}
        )
        binary.append(raw)
    head = _written(result, outputs)
    return Answer(b"".join((head, *binary)), len(head)) if binary else Answer(head, None)


def _written(result: InferenceResult, outputs: list[dict[str, Any]]) -> bytes:
    answer: dict[str, Any] = {"model_name": result.model, "model_version": result.version}
    if result.id:
        answer["id"] = result.id
    answer["outputs"] = outputs
    body = orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)
    return _encode_slowly(answer) if b"null" in body else body


def _strings(name: str, array: Array) -> list[str]:
    try:
        return [value.decode() if isinstance(value, bytes) else str(value) for value in array.reshape(-1)]
    except UnicodeDecodeError:
        raise InvalidRequest(
            f"output {quoted(name)} is not UTF-8 text, JSON cannot carry it: ask for it as binary data"
        ) from None


def _without_form(name: str, array: Array) -> NoReturn:
    raise InvalidRequest(
        f"sending {datatype_of(array)} data via JSON is not supported: "
        f"ask for output {quoted(name)} as binary data"
    )


_ODD: dict[str, Callable[[str, Array], list[str]]] = {
    BYTES: _strings,
    **dict.fromkeys(WITHOUT_JSON_FORM, _without_form),
}


def _encode_slowly(answer: dict[str, Any]) -> bytes:
    for output in answer["outputs"]:
        if isinstance(output.get("data"), np.ndarray):
            output["data"] = _exact(output["data"])
    return json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()


def _exact(flat: Array) -> list[Any]:
    """Python numbers that print as orjson prints them: a float32 keeps its own shortest digits."""
    if flat.dtype == np.float32:
        return [float(str(value)) for value in flat]
    return list(flat.tolist())
