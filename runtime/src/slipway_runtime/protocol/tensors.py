"""Datatypes of the Open Inference Protocol and what they are in numpy.

The names are the protocol's own (required API, "Tensor Data Types"); BF16 is Triton's addition. A BYTES
tensor is a numpy array of objects, each a str or bytes. FP16 and BF16 have no JSON form. Nor has numpy a
bfloat16: such a tensor is an array of one-field records that hold its 16 bits, so that it costs no copy and
cannot be mistaken for integers. `bits_of` and `from_bits` cross over.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
Shape: TypeAlias = tuple[int, ...]

BYTES = "BYTES"
_BF16 = np.dtype([("bfloat16", "<u2")])

DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.bool_),
    "UINT8": np.dtype(np.uint8),
    "UINT16": np.dtype(np.uint16),
    "UINT32": np.dtype(np.uint32),
    "UINT64": np.dtype(np.uint64),
    "INT8": np.dtype(np.int8),
    "INT16": np.dtype(np.int16),
    "INT32": np.dtype(np.int32),
    "INT64": np.dtype(np.int64),
    "FP16": np.dtype(np.float16),
    "BF16": _BF16,
    "FP32": np.dtype(np.float32),
    "FP64": np.dtype(np.float64),
    BYTES: np.dtype(np.object_),
}
DATATYPES: dict[np.dtype[Any], str] = {dtype: name for name, dtype in DTYPES.items()}

FLOATS = frozenset({"FP32", "FP64"})
INTEGERS = frozenset({"INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"})
WITHOUT_JSON_FORM = frozenset({"FP16", "BF16"})

MAX_RANK = 64  # numpy's own limit on dimensions
MAX_DIMENSION = 2**63 - 1  # ONNX and the protocol count in int64


def datatype_of(array: Array) -> str:
    """The protocol's name of an array's type; every kind of string is BYTES."""
    return DATATYPES.get(array.dtype, BYTES)


def bits_of(array: Array) -> Array:
    """A BF16 tensor's 16 bits as unsigned integers; no copy."""
    return array.view(np.uint16)


def from_bits(bits: Array) -> Array:
    """A BF16 tensor of unsigned 16-bit integers; no copy."""
    return bits.view(_BF16)


def element_count(shape: Sequence[int]) -> int:
    """Elements in a shape, in unbounded integers: a hostile shape cannot overflow, nothing is allocated."""
    return prod(shape)


def shape_text(shape: Sequence[int]) -> str:
    """A shape as Triton writes it: [-1,4]. At most eight dimensions are spelled out."""
    shown = ",".join(str(size) if size < MAX_DIMENSION else "huge" for size in shape[:8])
    return f"[{shown},…]" if len(shape) > 8 else f"[{shown}]"  # noqa: PLR2004 # eight fit on a line
