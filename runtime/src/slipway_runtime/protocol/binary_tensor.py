"""Binary tensor data to arrays and back, as the protocol's extension lays it out: little-endian, no padding.

Numbers are not copied: an array looks into the body that the client sent, at whatever address that is; ONNX
Runtime takes it so. Sizes are compared with the shape, in unbounded integers, before anything is made.

A BYTES element is its length, as an unsigned 32-bit integer, and its bytes. Where all of them are UTF-8 the
array holds text, which is what engines want; otherwise bytes. A BOOL is a byte; whatever is not 0 is true.
"""

from __future__ import annotations

import sys
from struct import Struct
from typing import TYPE_CHECKING, Any

import numpy as np

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.tensors import BYTES, DTYPES, element_count, shape_text
from slipway_runtime.protocol.words import quoted

if TYPE_CHECKING:
    from slipway_runtime.protocol.tensors import Array, Shape

if sys.byteorder != "little":  # pragma: no cover # the wire's order is taken for the machine's
    raise ImportError("binary tensors need a little-endian machine")

_LENGTH = Struct("<I")
_BOOL = np.dtype(np.bool_)


def array_from(name: str, datatype: str, shape: Shape, raw: memoryview, model: str) -> Array:
    """The array that the bytes of one input hold.

    Args:
        name: the input's, for the error text.
        datatype: one of DTYPES.
        shape: dimensions of 0 and more.
        raw: all bytes of this input and no others.
        model: its name, for the error text.

    Raises:
        InvalidRequest: the bytes do not fit datatype and shape.
    """
    if datatype == BYTES:
        return _arranged(_strings(name, raw, element_count(shape)), shape, name)
    dtype = DTYPES[datatype]
    expected = element_count(shape) * dtype.itemsize
    if len(raw) != expected:
        raise InvalidRequest(
            f"input byte size mismatch for input {quoted(name)} for model {quoted(model)}. Expected "
            f"{expected if expected < sys.maxsize else 'more than 2^63'}, got {len(raw)}: its datatype is "
            f"{datatype}, its shape {shape_text(shape)}"
        )
    if dtype is _BOOL:
        return _arranged(np.frombuffer(raw, np.uint8) != 0, shape, name)
    return _arranged(np.frombuffer(raw, dtype), shape, name)


def bytes_of(array: Array) -> Any:
    """An array as binary data: bytes, or a view of the array where that is what it already is."""
    if array.dtype.hasobject or array.dtype.kind in "US":
        return _written(array)
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _arranged(values: Array, shape: Shape, name: str) -> Array:
    try:
        return values.reshape(shape)
    except ValueError:  # no elements, but a size beside the zero that no array can have
        raise InvalidRequest(
            f"'shape' of input {quoted(name)} is {shape_text(shape)}: too large even without elements"
        ) from None


def _strings(name: str, raw: memoryview, count: int) -> Array:
    elements = _split(name, raw, count)
    found: list[Any]
    try:
        found = [str(element, "utf-8") for element in elements]
    except UnicodeDecodeError:
        found = [bytes(element) for element in elements]
    array = np.empty(len(found), dtype=np.object_)
    array[:] = found
    return array


def _split(name: str, raw: memoryview, count: int) -> list[memoryview]:
    elements = []
    place, end = 0, len(raw)
    if count * _LENGTH.size > end:
        raise InvalidRequest(
            f"unexpected number of string elements for inference input {quoted(name)}, expecting "
            f"{count if count < sys.maxsize else 'more than 2^63'}: its data has {end} bytes, and each "
            f"element begins with {_LENGTH.size} bytes of length"
        )
    while place < end:
        start = place + _LENGTH.size
        if start > end:
            raise InvalidRequest(
                f"incomplete string length indicator for inference input {quoted(name)}, expecting "
                f"{_LENGTH.size} bytes but only {end - place} bytes available"
            )
        place = start + _LENGTH.unpack_from(raw, place)[0]
        if place > end:
            raise InvalidRequest(
                f"incomplete string data for inference input {quoted(name)}, expecting string of length "
                f"{place - start} but only {end - start} bytes available"
            )
        elements.append(raw[start:place])
        if len(elements) > count:
            break
    if len(elements) != count:
        more = "more" if len(elements) > count else len(elements)
        raise InvalidRequest(
            f"unexpected number of string elements {more} for inference input {quoted(name)}, "
            f"expecting {count}"
        )
    return elements


def _written(array: Array) -> bytes:
    pieces = []
    for element in array.reshape(-1):
        text = element if isinstance(element, bytes) else str(element).encode()
        pieces += [_LENGTH.pack(len(text)), text]
    return b"".join(pieces)
