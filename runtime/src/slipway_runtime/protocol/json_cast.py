"""A JSON value to an array of the datatype that the model takes.

These protocols do not declare datatypes: the model does. So 1 may stand for 1.0, and 1.0 for the integer 1;
but nothing is guessed. null, true for 1, "1.5" for 1.5, 1.5 for an integer, a number that the datatype cannot
hold, and arrays of unequal lengths are refused. NaN and the infinities are for floats only.
"""

from __future__ import annotations

import base64
import binascii
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.json_document import Numbers
from slipway_runtime.protocol.tensors import BYTES, MAX_RANK
from slipway_runtime.protocol.words import kind, quoted

if TYPE_CHECKING:
    from slipway_runtime.protocol.signature import TensorSpec
    from slipway_runtime.protocol.tensors import Array, Shape

_RECORD = "V"  # the bits of a float that numpy does not know
EXACT = 2**53  # every integer up to here is a double of its own
_NUMBERS = frozenset({int, float})
# TensorFlow's words: its users search logs for them.
_TYPES = {"FP16": "half", "FP32": "float", "FP64": "double", "BOOL": "bool", BYTES: "string"}


def array_of(spec: TensorSpec, value: object, name: str = "") -> Array:
    """Build one input, shaped as the value is nested.

    Args:
        spec: of the input.
        value: from `json_values.parse`: a scalar, a list or `Numbers`.
        name: for error texts; the input's own when empty.

    Raises:
        InvalidRequest: an element does not fit the datatype, or the nesting is ragged.
    """
    shown = f"input {quoted(name or spec.name)}"
    if spec.dtype is None or spec.dtype.kind == _RECORD:
        raise InvalidRequest(
            f"{shown} is {spec.datatype}, which has no JSON form: use v2 with binary tensors"
        )
    if type(value) is Numbers:
        flat, dims = value
        if spec.dtype.kind not in "fiu":
            raise InvalidRequest(_type_text(shown, spec, 1.5 if flat.dtype.kind == "f" else 1))
        return _cast(flat, spec, shown).reshape(dims)
    elements, dims = _flatten(value, shown)
    kinds = set(map(type, elements))
    if spec.datatype == BYTES:
        array = np.empty(len(elements), dtype=np.object_)
        array[:] = elements if kinds <= {str} else _strings(elements, spec, shown)
        return array.reshape(dims)
    wanted = frozenset({bool}) if spec.datatype == "BOOL" else _NUMBERS
    if not kinds <= wanted:
        odd = next(element for element in elements if type(element) not in wanted)
        raise InvalidRequest(_type_text(shown, spec, odd))
    return _array(elements, kinds, spec, shown).reshape(dims)


def _flatten(value: object, shown: str) -> tuple[list[Any], Shape]:
    """All elements, and the lengths of the nested lists."""
    if type(value) is not list:
        return [value], ()
    dims = [len(value)]
    while value and any(type(child) is list for child in value):
        widths = set(map(len, value)) if set(map(type, value)) == {list} else set()
        if len(widths) != 1 or len(dims) == MAX_RANK:
            raise InvalidRequest(f"{shown} is ragged: rows and nested arrays must have equal lengths")
        dims.append(widths.pop())
        value = list(chain.from_iterable(value))
    return value, tuple(dims)


def _array(elements: list[Any], kinds: set[type], spec: TensorSpec, shown: str) -> Array:
    if kinds == {int} and spec.dtype is not None and spec.dtype.kind in "iu":
        try:
            return np.array(elements, dtype=spec.dtype)
        except OverflowError:
            raise InvalidRequest(_range_text(shown, spec)) from None
    if kinds == {bool}:
        return np.array(elements, dtype=np.bool_)
    try:
        return _cast(np.array(elements, dtype=np.float64), spec, shown)
    except OverflowError:  # an integer beyond every float
        raise InvalidRequest(_range_text(shown, spec)) from None


def _cast(values: Array, spec: TensorSpec, shown: str) -> Array:
    """Numbers of 64 bits to the datatype, if it can hold them."""
    dtype = spec.dtype
    if dtype is None or values.dtype == dtype:
        return values
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            cast = values.astype(dtype)
        if np.isinf(cast).any() and not np.isinf(values[np.isinf(cast)]).all():
            raise InvalidRequest(_range_text(shown, spec))
        return cast
    if not len(values):
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    if values.dtype.kind == "f":
        if not (np.isfinite(values).all() and (np.trunc(values) == values).all()):
            raise InvalidRequest(_type_text(shown, spec, 1.5))
        if np.abs(values).max() >= EXACT:
            raise InvalidRequest(_range_text(shown, spec))
    if int(values.min()) < limits.min or int(values.max()) > limits.max:
        raise InvalidRequest(_range_text(shown, spec))
    return values.astype(dtype)


def _strings(elements: list[Any], spec: TensorSpec, shown: str) -> list[Any]:
    """Strings, and {"b64": "…"} for bytes, as TensorFlow Serving writes them."""
    return [element if type(element) is str else _bytes(element, spec, shown) for element in elements]


def _bytes(element: object, spec: TensorSpec, shown: str) -> bytes:
    if not is_base64(element):
        raise InvalidRequest(_type_text(shown, spec, element))
    try:
        return base64.b64decode(element["b64"], validate=True)  # type: ignore[index] # is_base64 has looked
    except (binascii.Error, ValueError):
        raise InvalidRequest(f"{shown} has a 'b64' that is not base64") from None


def is_base64(value: object) -> bool:
    """True for {"b64": "…"}, which is a string of bytes and not an object of columns."""
    return type(value) is dict and len(value) == 1 and type(value.get("b64")) is str


def _type_text(shown: str, spec: TensorSpec, odd: object) -> str:
    wanted = _TYPES.get(spec.datatype, spec.datatype.lower())
    return f"{shown} holds {kind(odd)}, which is not of expected type: {wanted}"


def _range_text(shown: str, spec: TensorSpec) -> str:
    return f"{shown} has a number that {spec.datatype} cannot hold exactly enough"
