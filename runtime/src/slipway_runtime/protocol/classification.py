"""The classification extension: the highest values of an output, as text `value:index`, highest first.

As in Triton, values have six decimals and the answer is a BYTES tensor. The first of several dimensions
counts rows, each of which is ranked by itself; a tensor of one dimension is one row. Labels would be a third
part of the text; models served here bring none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.tensors import datatype_of
from slipway_runtime.protocol.words import quoted

if TYPE_CHECKING:
    from slipway_runtime.protocol.tensors import Array


def highest(name: str, array: Array, count: int) -> Array:
    """Rank an output.

    Args:
        name: the output's, for the error text.
        array: numbers.
        count: at most so many of each row.

    Returns:
        Strings, [rows, classes], or [classes] where the output has one dimension.

    Raises:
        InvalidRequest: the output holds no numbers.
    """
    if array.dtype.kind not in "fiu":
        raise InvalidRequest(
            f"class result not available for output {quoted(name)} due to unsupported type "
            f"'{datatype_of(array)}'"
        )
    rows = array.reshape(array.shape[0], -1) if array.ndim > 1 and array.size else array.reshape(1, -1)
    order = _order(rows)[:, :count]
    ranked = np.take_along_axis(rows, order, axis=1)
    form = "%f:%d" if array.dtype.kind == "f" else "%d:%d"
    texts = [form % pair for pair in zip(ranked.ravel().tolist(), order.ravel().tolist(), strict=True)]
    found = np.empty(len(texts), dtype=np.object_)
    found[:] = texts
    return found.reshape(order.shape if array.ndim > 1 else -1)


def _order(rows: Array) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Indices from the highest value to the lowest; equal values as they stand, NaN last."""
    backwards = np.argsort(rows[:, ::-1], axis=1, kind="stable")[:, ::-1]
    order: np.ndarray[Any, np.dtype[np.intp]] = rows.shape[1] - 1 - backwards
    if rows.dtype.kind == "f":  # argsort has NaN as the highest
        missing = np.isnan(np.take_along_axis(rows, order, axis=1))
        order = np.take_along_axis(order, np.argsort(missing, axis=1, kind="stable"), axis=1)
    return order
