"""Open Inference Protocol, REST: an InferenceResult to JSON bytes.

orjson writes numpy arrays itself, each float with the fewest digits that give the same float back. It
writes null for NaN and the infinities, so an answer that has a null goes through the standard library,
which writes the tokens that Triton writes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import orjson

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.tensors import BYTES, WITHOUT_JSON_FORM

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway_runtime.protocol.messages import InferenceResult
    from slipway_runtime.protocol.tensors import Array


def encode(result: InferenceResult) -> bytes:
    """Write an answer; `data` is flat, in row-major order.

    Raises:
        InvalidRequest: an output has no JSON form.
    """
    outputs = []
    for spec, array in zip(result.specs, result.arrays, strict=True):
        datatype = spec.datatype
        data = _ODD[datatype](spec.name, array) if datatype in _ODD else array.ravel()
        outputs.append({"name": spec.name, "datatype": datatype, "shape": array.shape, "data": data})
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
        raise InvalidRequest(f"output '{name}' is not UTF-8 text: JSON cannot carry it") from None


def _without_form(name: str, array: Array) -> NoReturn:
    raise InvalidRequest(f"output '{name}' ({array.dtype}) has no JSON form: ask for others")


_ODD: dict[str, Callable[[str, Array], list[str]]] = {
    BYTES: _strings,
    **dict.fromkeys(WITHOUT_JSON_FORM, _without_form),
}


def _encode_slowly(answer: dict[str, Any]) -> bytes:
    for output in answer["outputs"]:
        if isinstance(output["data"], np.ndarray):
            output["data"] = _exact(output["data"])
    return json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()


def _exact(flat: Array) -> list[Any]:
    """Python numbers that print as orjson prints them: a float32 keeps its own shortest digits."""
    if flat.dtype == np.float32:
        return [float(str(value)) for value in flat]
    return list(flat.tolist())
