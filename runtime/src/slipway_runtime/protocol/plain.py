"""JSON as people write it by hand: `{"features": [[…]]}` in, `{"prediction": […]}` out.

The rows may stand under features, data, input, inputs or instances, but under one of them only; or bare; or
the body is one object of columns. Whether one row or many are answered follows from what was asked: rows in
an array get an array of answers, a single row (a flat array, or an object of single values) gets its one
answer without an array around it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.answers import one_a_row, primary_of, value_of
from slipway_runtime.protocol.json_document import Numbers
from slipway_runtime.protocol.json_values import kind_of
from slipway_runtime.protocol.rows import (
    Inputs,
    from_named,
    from_records,
    from_table,
    from_tensor,
)

if TYPE_CHECKING:
    from slipway_runtime.protocol.messages import InferenceResult
    from slipway_runtime.protocol.signature import Signature, TensorSpec

KEYS = ("features", "data", "input", "inputs", "instances")


class Plain(NamedTuple):
    """A request.

    Attributes:
        inputs: by name.
        output: the only one that is wanted.
        single: one row was sent as such.
    """

    inputs: Inputs
    output: str
    single: bool


def read(document: Any, signature: Signature) -> Plain:
    """Read a parsed body.

    Raises:
        InvalidRequest: it does not fit a form or the model.
    """
    rows = _rows(document, signature)
    single = _is_single(rows, signature)
    return Plain(_inputs(rows, signature, single=single), primary_of(signature), single)


def answer_of(result: InferenceResult, *, single: bool) -> Any:
    """The answer, ready for `answers.dump`: without the axis of rows if a single one was asked for."""
    array = one_a_row(result.arrays[0])
    value = value_of(result.specs[0], array)
    return value[0] if single and array.shape[:1] == (1,) else value


def _rows(document: Any, signature: Signature) -> Any:
    if type(document) is not dict:
        return document
    keys = [key for key in KEYS if key in document]
    if len(keys) == 1:
        return document[keys[0]]
    if not keys and not {*signature.features, *signature.input_by_name}.isdisjoint(document):
        return document
    raise InvalidRequest(f"the body must have the rows under exactly one of {', '.join(KEYS)}")


def _is_single(rows: Any, signature: Signature) -> bool:
    """One row: without the axis of rows that the input has, or an object of such."""
    inputs = signature.input_by_name
    if type(rows) is dict:
        return bool(rows) and all(
            _depth(value) == (_row_depth(inputs[name]) if name in inputs else 0)
            for name, value in rows.items()
        )
    if type(rows) is list and rows and type(rows[0]) is dict:
        return False
    if len(inputs) > 1:
        return _depth(rows) == 1
    spec = signature.inputs[0]
    only = _depth(rows) == 1 and _count(rows) == 1  # of one column: one row of it
    return _depth(rows) == _row_depth(spec) or (only and spec.shape[1:] == (1,))


def _row_depth(spec: TensorSpec) -> int:
    """How deeply the arrays of one row are nested; a row of one column is a single value."""
    return 0 if spec.shape[1:] == (1,) else len(spec.shape) - 1


def _inputs(rows: Any, signature: Signature, *, single: bool) -> Inputs:
    if type(rows) is dict:
        named = {name: _wrapped(value) for name, value in rows.items()} if single else rows
        return from_named(signature, named)
    if type(rows) is list and rows and type(rows[0]) is dict:
        return from_records(signature, rows)
    if single:
        rows = _wrapped(rows)
    if type(rows) not in (list, Numbers):
        raise InvalidRequest(f"the rows must be an array, not {kind_of(rows)}")
    return from_tensor(signature, rows) if len(signature.inputs) == 1 else from_table(signature, (), rows)


def _wrapped(row: Any) -> Any:
    """One row as an array of rows."""
    return Numbers(row.values, (1, *row.dims)) if type(row) is Numbers else [row]


def _depth(value: Any) -> int:
    """How deeply arrays are nested, along the first element of each."""
    if type(value) is Numbers:
        return len(value.dims)
    depth = 0
    while type(value) is list:
        depth += 1
        value = value[0] if value else None
    return depth


def _count(rows: Any) -> int:
    return rows.dims[0] if type(rows) is Numbers else len(rows)
