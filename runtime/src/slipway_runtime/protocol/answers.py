"""Results to JSON, for the protocols that answer with values instead of described tensors.

orjson writes numpy arrays itself, each float with the fewest digits that give the same float back. It writes
null for NaN and the infinities; a body that has a null goes through the standard library, which writes the
tokens that TensorFlow Serving, MLflow and Flask write.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.tensors import BYTES

if TYPE_CHECKING:
    from slipway_runtime.protocol.signature import Signature, TensorSpec
    from slipway_runtime.protocol.tensors import Array


def dump(document: Any) -> bytes:
    """JSON of dicts, lists and scalars with arrays anywhere in them."""
    body = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY, default=_contiguous)
    if b"null" not in body:
        return body
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False, default=_exact).encode()


def primary_of(signature: Signature) -> str:
    """The output that protocols with one answer give."""
    return signature.primary or signature.outputs[0].name


def value_of(spec: TensorSpec, array: Array) -> Any:
    """An output, ready for `dump`: an array, or nested lists of strings.

    Raises:
        InvalidRequest: it has no JSON form.
    """
    if spec.datatype == BYTES:
        return texts(array, spec.name).tolist()
    if spec.dtype is None or spec.dtype.kind == "V":  # bits of a float that numpy does not know
        raise InvalidRequest(
            f"output '{spec.name}' ({spec.datatype}) has no JSON form: use v2 with binary tensors"
        )
    return array


def texts(array: Array, name: str) -> Array:
    """The strings of an output as text.

    Raises:
        InvalidRequest: some are not UTF-8.
    """
    found = np.empty(array.size, dtype=np.object_)
    try:
        found[:] = [item.decode() if isinstance(item, bytes) else str(item) for item in array.reshape(-1)]
    except UnicodeDecodeError:
        raise InvalidRequest(f"output '{name}' is not UTF-8 text: JSON cannot carry it") from None
    return found.reshape(array.shape)


def one_a_row(array: Array) -> Array:
    """An answer of one value a row as an estimator's `predict` gives it: without an axis of length 1."""
    return array.reshape(-1) if array.ndim == 2 and array.shape[1] == 1 else array  # noqa: PLR2004 # rows and columns


def _contiguous(value: object) -> Any:
    """What orjson does not write itself."""
    if isinstance(value, np.ndarray):
        return np.ascontiguousarray(value) if not value.flags.c_contiguous else value.tolist()
    if isinstance(value, np.generic):  # C's long long, which ONNX Runtime gives, is int64 by another name
        return value.item()
    raise TypeError


def _exact(value: object) -> Any:
    """Python numbers that print as orjson prints them: a narrow float keeps its own shortest digits."""
    if isinstance(value, np.ndarray):
        if value.dtype in (np.float32, np.float16):
            wide = np.array([float(str(item)) for item in value.reshape(-1)], dtype=np.float64)
            return wide.reshape(value.shape).tolist()
        return value.tolist()
    if isinstance(value, np.floating):
        return float(str(value))
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError
