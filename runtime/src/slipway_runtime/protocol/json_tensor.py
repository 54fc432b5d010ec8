"""An input's JSON data to an array: strict about types, unbounded about counts, lenient about nesting.

- null, strings, booleans and (for integers) fractions are refused instead of being cast: numpy alone would
  turn null into NaN, "1.5" into 1.5 and 1.5 into 1.
- The element count is compared with the shape before anything is allocated.
- Data may be flat or nested. Nested data has to agree with the shape, dimensions of size 1 aside: the same
  count in another arrangement is a transposed matrix more often than a wish.
- A number that a float cannot hold becomes infinity, as IEEE rounds it and Triton does.
"""

from __future__ import annotations

from array import array
from itertools import chain
from typing import Any

import numpy as np

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.json_document import Numbers
from slipway_runtime.protocol.tensors import (
    BYTES,
    DTYPES,
    FLOATS,
    INTEGERS,
    MAX_DIMENSION,
    MAX_RANK,
    WITHOUT_JSON_FORM,
    Array,
    Shape,
    element_count,
    shape_text,
)
from slipway_runtime.protocol.words import kind, quoted

_ELEMENTS: dict[str, frozenset[type]] = {
    **dict.fromkeys(FLOATS, frozenset({float, int})),
    **dict.fromkeys(INTEGERS, frozenset({int})),
    "BOOL": frozenset({bool}),
    BYTES: frozenset({str}),
}
_LISTS: set[type] = {list}
_DTYPES = {name: dtype for name, dtype in DTYPES.items() if name not in WITHOUT_JSON_FORM}
_WANTED = {
    **dict.fromkeys(FLOATS, "numbers"),
    **dict.fromkeys(INTEGERS, "whole numbers"),
    "BOOL": "true and false",
}


def shape_of(value: object, name: str) -> Shape:
    """A declared shape, checked: at most 64 integers from 0 to 2^63-1.

    Raises:
        InvalidRequest: it is something else.
    """
    if type(value) is not list or len(value) > MAX_RANK:
        raise InvalidRequest(
            f"'shape' of input {quoted(name)} must be an array of at most {MAX_RANK} integers"
        )
    for size in value:
        if type(size) is not int or not 0 <= size <= MAX_DIMENSION:
            raise InvalidRequest(f"'shape' of input {quoted(name)} must hold integers from 0 to 2^63-1")
    return tuple(value)


def array_of(name: str, datatype: object, shape: Shape, data: object) -> Array:
    """Build the array that an input describes.

    Args:
        name: the input's, for the error text.
        datatype: the protocol's name, as the client wrote it.
        shape: from `shape_of`.
        data: a list or `Numbers`.

    Raises:
        InvalidRequest: unknown datatype, an element of another type or out of range, a count or a nesting
            that does not match the shape.
    """
    if type(datatype) is not str or (dtype := _DTYPES.get(datatype)) is None:
        raise InvalidRequest(datatype_text(name, datatype))
    if type(data) is Numbers:
        _check_layout(name, shape, data.dims, len(data.values))
        return _arranged(_narrow(data.values, dtype, name), shape, name)
    if type(data) is not list:
        raise InvalidRequest(f"'data' of input {quoted(name)} must be an array, not {kind(data)}")
    kinds = set(map(type, data))
    if kinds == _LISTS:
        data, dims, kinds = _flatten(data, name)
        _check_layout(name, shape, dims, len(data))
    elif len(data) != element_count(shape):
        raise InvalidRequest(_count_text(name, shape, len(data)))
    if not kinds <= _ELEMENTS[datatype]:
        odd = next(value for value in data if type(value) not in _ELEMENTS[datatype])
        wanted = _WANTED.get(datatype, "strings")
        raise InvalidRequest(
            f"'data' of input {quoted(name)} ({datatype}) must hold {wanted}, not {kind(odd)}"
        )
    try:
        # array makes infinity of a number beyond float32 in silence; numpy would write a warning to the log.
        values = np.frombuffer(array("f", data), dtype) if datatype == "FP32" else np.array(data, dtype=dtype)
    except OverflowError:
        raise InvalidRequest(_range_text(name, dtype)) from None
    return _arranged(values, shape, name)


def _flatten(data: list[Any], name: str) -> tuple[list[Any], Shape, set[type]]:
    """All elements of nested lists, the lists' lengths, the types seen."""
    dims = [len(data)]
    kinds = _LISTS
    while kinds == _LISTS:
        widths = set(map(len, data))
        if len(widths) != 1 or len(dims) == MAX_RANK:
            raise InvalidRequest(
                f"'data' of input {quoted(name)} is ragged: nested arrays must have equal lengths"
            )
        dims.append(widths.pop())
        data = list(chain.from_iterable(data))
        kinds = set(map(type, data))
    return data, tuple(dims), kinds


def _check_layout(name: str, shape: Shape, dims: Shape, count: int) -> None:
    if count != element_count(shape):
        raise InvalidRequest(_count_text(name, shape, count))
    nested = len(dims) > 1 and count > 0
    if nested and [n for n in dims if n != 1] != [n for n in shape if n != 1]:
        raise InvalidRequest(
            f"'data' of input {quoted(name)} is nested as {shape_text(dims)}, its shape is "
            f"{shape_text(shape)}: make them agree or send the data flat, in row-major order"
        )


def _count_text(name: str, shape: Shape, count: int) -> str:
    expected = element_count(shape)
    return (
        f"'data' of input {quoted(name)} has {count} elements, its shape {shape_text(shape)} asks for "
        f"{expected if expected <= MAX_DIMENSION else 'more than 2^63-1'}"
    )


def _arranged(values: Array, shape: Shape, name: str) -> Array:
    try:
        return values.reshape(shape)
    except ValueError:  # no elements, but a size beside the zero that no array can have
        raise InvalidRequest(
            f"'shape' of input {quoted(name)} is {shape_text(shape)}: too large even without elements"
        ) from None


def _narrow(values: Array, dtype: np.dtype[Any], name: str) -> Array:
    if dtype.kind in "iu" and dtype.itemsize < values.itemsize and len(values):
        limits = np.iinfo(dtype)
        if values.min() < limits.min or values.max() > limits.max:
            raise InvalidRequest(_range_text(name, dtype))
    with np.errstate(over="ignore"):  # see array_of
        return values.astype(dtype)


def _range_text(name: str, dtype: np.dtype[Any]) -> str:
    if dtype.kind not in "iu":
        return f"'data' of input {quoted(name)} has a number that is too large"
    limits = np.iinfo(dtype)
    return f"'data' of input {quoted(name)} must lie between {limits.min} and {limits.max}"


def datatype_text(name: str, datatype: object) -> str:
    """What is said of a datatype that cannot be read here."""
    if not isinstance(datatype, str):
        shown = kind(datatype)
    elif datatype in WITHOUT_JSON_FORM:
        return f"sending {datatype} data via JSON is not supported: send input {quoted(name)} as binary data"
    else:
        shown = quoted(datatype)
    return f"'datatype' of input {quoted(name)} is {shown}; it must be one of {', '.join(DTYPES)}"
