"""TensorFlow's TensorProto to an array and back.

A tensor comes as raw bytes (`tensor_content`) or as the list of its datatype. A list that is shorter than
the shape stands for a tensor that goes on with its last value, an empty one for zeros, as TensorFlow reads
them; what such a list may grow to is bounded. Lists go out, because that is what TensorFlow Serving answers
and its clients read; a list of floats is the array's own bytes on the wire, so it is written as those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.binary_tensor import array_from
from slipway_runtime.protocol.tensors import BYTES, DTYPES, bits_of, element_count, from_bits, shape_text
from slipway_runtime.protocol.v2_grpc import in_range, shape_of, strings
from slipway_runtime.protocol.words import quoted

if TYPE_CHECKING:
    from slipway_runtime.protocol.tensors import Array, Shape

MAX_GROWN = 64 * 1024 * 1024  # bytes that a list shorter than its shape may stand for
_BITS = np.dtype(np.uint16)
_WIDE = 128  # a varint's bytes hold seven bits each


class Kind(NamedTuple):
    """One of TensorFlow's datatypes.

    Attributes:
        number: in its enum.
        values: the field of TensorProto that lists its values.
        field: that field's number, where its wire form is the array's own bytes; else 0.
    """

    number: int
    values: str
    field: int = 0


KINDS = {
    "FP32": Kind(1, "float_val", 5),
    "FP64": Kind(2, "double_val", 6),
    "INT32": Kind(3, "int_val"),
    "UINT8": Kind(4, "int_val"),
    "INT16": Kind(5, "int_val"),
    "INT8": Kind(6, "int_val"),
    BYTES: Kind(7, "string_val"),
    "INT64": Kind(9, "int64_val"),
    "BOOL": Kind(10, "bool_val"),
    "BF16": Kind(14, "half_val"),
    "UINT16": Kind(17, "int_val"),
    "FP16": Kind(19, "half_val"),
    "UINT32": Kind(22, "uint32_val"),
    "UINT64": Kind(23, "uint64_val"),
}
_DATATYPES = {kind.number: datatype for datatype, kind in KINDS.items()}


def array_of(name: str, tensor: Any, model: str) -> Array:
    """Read a tensor.

    Args:
        name: the input's, for the error text.
        tensor: a TensorProto.
        model: its name, for the error text.

    Raises:
        InvalidRequest: a datatype that is not served, or values that do not fit datatype and shape.
    """
    datatype = _DATATYPES.get(tensor.dtype)
    if datatype is None:
        raise InvalidRequest(
            f"input {quoted(name)} has the TensorFlow datatype {tensor.dtype}, which is not served; "
            f"served are {', '.join(DTYPES)}"
        )
    if tensor.tensor_shape.unknown_rank:
        raise InvalidRequest(f"input {quoted(name)} must give its shape: 'unknown_rank' is for metadata")
    shape = shape_of([dim.size for dim in tensor.tensor_shape.dim], name)
    if not tensor.tensor_content:
        return _arranged(_listed(name, tensor, datatype, shape), shape, name)
    if datatype == BYTES:
        raise InvalidRequest(f"input {quoted(name)}: send strings in string_val, not in tensor_content")
    return array_from(name, datatype, shape, memoryview(tensor.tensor_content), model)


def fill(datatype: str, array: Array, tensor: Any) -> None:
    """Write a tensor.

    Args:
        datatype: the protocol's name.
        array: of that datatype.
        tensor: an empty TensorProto; filled here.
    """
    kind = KINDS[datatype]
    tensor.dtype = kind.number
    describe(array.shape, tensor.tensor_shape)
    if kind.field:
        if array.size:
            tensor.MergeFromString(_packed(kind.field, array.tobytes()))
    elif datatype == BYTES:
        tensor.string_val.extend(
            [item if isinstance(item, bytes) else str(item).encode() for item in array.reshape(-1)]
        )
    else:
        bits = kind.values == "half_val"
        flat = np.ascontiguousarray(array).reshape(-1)
        plain = (bits_of(flat) if datatype == "BF16" else flat.view(_BITS)) if bits else flat
        getattr(tensor, kind.values).extend(plain.tolist())


def describe(shape: Shape, answer: Any) -> None:
    """Fill a TensorShapeProto; -1 stands for any size."""
    for size in shape:
        answer.dim.add(size=size)


def _listed(name: str, tensor: Any, datatype: str, shape: Shape) -> Array:
    """The flat values of the list, as many as the shape asks for."""
    values = getattr(tensor, KINDS[datatype].values)
    count, given = element_count(shape), len(values)
    dtype = DTYPES[datatype]
    if given > count:
        raise InvalidRequest(
            f"input {quoted(name)} has {given} values in {KINDS[datatype].values}, its shape "
            f"{shape_text(shape)} asks for {count}"
        )
    if given < count and count * dtype.itemsize > MAX_GROWN:
        raise InvalidRequest(
            f"input {quoted(name)} has {given} values, its shape {shape_text(shape)} asks for more than "
            f"{MAX_GROWN} bytes: send them in tensor_content"
        )
    if datatype == BYTES:
        found = strings(values)
        rest = found[-1] if given else ""
    else:
        found = _narrow(np.array(values), datatype, name) if given else np.zeros(0, dtype)
        rest = found[-1] if given else np.zeros((), dtype)
    if given == count:
        return found
    grown = np.empty(count, dtype=found.dtype)
    grown[:given] = found
    grown[given:] = rest
    return grown


def _narrow(values: Array, datatype: str, name: str) -> Array:
    if KINDS[datatype].values != "half_val":
        return in_range(values, DTYPES[datatype], name)
    bits = in_range(values, _BITS, name)
    return from_bits(bits) if datatype == "BF16" else bits.view(np.float16)


def _arranged(values: Array, shape: Shape, name: str) -> Array:
    try:
        return values.reshape(shape)
    except ValueError:  # no elements, but a size beside the zero that no array can have
        raise InvalidRequest(
            f"the shape of input {quoted(name)} is {shape_text(shape)}: too large even without elements"
        ) from None


def _packed(field: int, raw: bytes) -> bytes:
    """A packed list as a message's bytes: tag, length, values."""
    length, rest = [], len(raw)
    while rest >= _WIDE:
        length.append(rest % _WIDE + _WIDE)
        rest //= _WIDE
    return bytes([field * 8 + 2, *length, rest]) + raw
