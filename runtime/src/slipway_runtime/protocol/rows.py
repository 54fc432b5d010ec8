"""Rows, columns and tensors, as people write them, to the inputs that a model takes.

A model has either one input whose last axis are the columns of a table, or an input for each column, or
tensors of any shape. Names say which is meant: those of inputs first; then, where there is one table, those
of its columns. Columns are put into the model's order by name if the model knows names (`features`), and
taken by position if it does not. A name too many or too few is refused, never guessed.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.json_cast import array_of
from slipway_runtime.protocol.json_document import Numbers
from slipway_runtime.protocol.signature import TensorSpec
from slipway_runtime.protocol.words import kind, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from slipway_runtime.protocol.signature import Signature
    from slipway_runtime.protocol.tensors import Array

Inputs = dict[str, "Array"]
TABLE = 2  # axes: rows and columns
_SHOWN = 16


def from_tensor(signature: Signature, value: object) -> Inputs:
    """A value for the only input.

    Raises:
        InvalidRequest: the model has several, or the value does not fit.
    """
    if len(signature.inputs) != 1:
        raise InvalidRequest(
            f"the model takes {len(signature.inputs)} inputs, {_names(signature.input_by_name)}: "
            "send an object with a value for each name"
        )
    spec = signature.inputs[0]
    return {spec.name: fitted(spec, array_of(spec, value))}


def from_named(signature: Signature, values: Mapping[str, object]) -> Inputs:
    """Values by name: of inputs, or of the columns of a single table; a column may be a single value.

    Raises:
        InvalidRequest: a name is missing or unknown, or a value does not fit.
    """
    table = table_of(signature)
    if table is not None and table.name not in values:
        columns = {name: value if _many(value) else [value] for name, value in values.items()}
        return {table.name: _stacked(signature, table, columns)}
    check_names(signature.input_by_name, values, "inputs")
    return {
        name: fitted(spec, array_of(spec, values[name])) for name, spec in signature.input_by_name.items()
    }


def from_records(signature: Signature, records: Sequence[Any]) -> Inputs:
    """Objects with the same names, one for each row.

    Raises:
        InvalidRequest: no rows, rows that are no objects or differ in their names, values that do not fit.
    """
    names = tuple(records[0]) if records and type(records[0]) is dict else ()
    if not names:
        raise InvalidRequest("there are no rows, or the first is not an object with a value for each name")
    table = table_of(signature)
    if table is not None and table.name not in names:
        return from_table(signature, names, list(map(list, _picked(records, names))))
    check_names(signature.input_by_name, names, "inputs")
    columns = list(zip(*_picked(records, names), strict=True))
    return {
        name: fitted(spec, array_of(spec, list(columns[names.index(name)])))
        for name, spec in signature.input_by_name.items()
    }


def from_table(signature: Signature, names: Sequence[str], rows: object) -> Inputs:
    """A table: rows of equal lengths, and names of its columns if they have any.

    Raises:
        InvalidRequest: names or values do not fit.
    """
    specs = signature.input_by_name
    table = table_of(signature)
    if table is not None and tuple(names) != (table.name,):
        array = array_of(table, rows)
        if array.ndim == TABLE and names and array.shape[1] != len(names):
            raise InvalidRequest(f"there are {len(names)} columns' names for {array.shape[1]} columns")
        return {table.name: fitted(table, _ordered(array, names, signature.features))}
    if len(specs) == 1 and not names:
        return from_tensor(signature, rows)
    columns = _columns(rows)
    if not names and len(columns) == len(specs):
        names = tuple(specs)
    if len(names) != len(columns):
        raise InvalidRequest(
            f"there are {len(columns)} columns and {len(names)} names for them; "
            f"the model takes {_names(specs)}"
        )
    check_names(specs, names, "columns")
    by_name = dict(zip(names, columns, strict=True))
    return {name: fitted(spec, array_of(spec, by_name[name])) for name, spec in specs.items()}


def table_of(signature: Signature) -> TensorSpec | None:
    """The only input, if it is a table."""
    one = signature.inputs[0] if len(signature.inputs) == 1 else None
    return one if one is not None and len(one.shape) == TABLE else None


def fitted(spec: TensorSpec, array: Array) -> Array:
    """A column for a table of one column, and the other way round.

    Raises:
        InvalidRequest: there is nothing in it.
    """
    if not array.size:
        raise InvalidRequest(f"input {quoted(spec.name)} is empty: send at least one row")
    if array.ndim == 1 and len(spec.shape) == TABLE and spec.shape[1] == 1:
        return array.reshape(-1, 1)
    if array.ndim == TABLE and len(spec.shape) == 1 and array.shape[1] == 1:
        return array.reshape(-1)
    return array


def check_names(wanted: Iterable[str], given: Iterable[str], what: str) -> None:
    """Are these all the names, and no others?

    Args:
        wanted: by the model.
        given: by the client.
        what: they are names of.

    Raises:
        InvalidRequest: naming the missing and the unknown ones.
    """
    known, sent = dict.fromkeys(wanted), tuple(given)
    present = frozenset(sent)
    missing = [name for name in known if name not in present]
    unknown = [name for name in sent if name not in known]
    if missing or unknown:
        faults = [
            f"{word}: {_names(names)}"
            for word, names in (("missing", missing), ("unknown", unknown))
            if names
        ]
        raise InvalidRequest(f"{what} do not fit, {'; '.join(faults)}; the model takes {_names(known)}")
    if len(set(sent)) != len(sent):
        raise InvalidRequest(f"{what} do not fit: a name is there twice")


def _ordered(array: Array, names: Sequence[str], features: Sequence[str]) -> Array:
    """The columns in the model's order."""
    if not names or not features or tuple(names) == tuple(features) or array.ndim != TABLE:
        return array
    check_names(features, names, "columns")
    at = {name: index for index, name in enumerate(names)}
    return np.ascontiguousarray(array[:, [at[name] for name in features]])


def _stacked(signature: Signature, table: TensorSpec, columns: Mapping[str, object]) -> Array:
    """Columns side by side."""
    if signature.features:
        check_names(signature.features, columns, "columns")
    one = TensorSpec(table.name, table.datatype, (-1,))
    arrays = [array_of(one, columns[name], name) for name in signature.features or columns]
    if not arrays or any(array.shape != arrays[0].shape or array.ndim != 1 for array in arrays):
        raise InvalidRequest("columns must be arrays of equal lengths, with one value for each row")
    return fitted(table, np.stack(arrays, axis=1))


def _picked(records: Sequence[Any], names: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """The values of each record in the order of the names."""
    if set(map(type, records)) != {dict}:
        odd = next(record for record in records if type(record) is not dict)
        raise InvalidRequest(f"every row must be an object with a value for each name; one is {kind(odd)}")
    if set(map(frozenset, records)) != {frozenset(names)}:
        raise InvalidRequest(f"rows differ in their names: every row must have {_names(names)}")
    pick = itemgetter(*names)
    return list(map(pick, records)) if len(names) > 1 else [(pick(record),) for record in records]


def _columns(rows: object) -> list[Any]:
    if type(rows) is Numbers and len(rows.dims) == TABLE:
        return [Numbers(column, (len(column),)) for column in rows.values.reshape(rows.dims).T]
    if type(rows) is not list or set(map(type, rows)) != {list} or len(set(map(len, rows))) != 1:
        raise InvalidRequest("a table must be an array of rows, each an array of the same length")
    return list(map(list, zip(*rows, strict=True)))


def _many(value: object) -> bool:
    return type(value) in (list, Numbers)


def _names(names: Iterable[str]) -> str:
    known = tuple(names)
    shown = ", ".join(quoted(name) for name in known[:_SHOWN])
    return f"{shown} and {len(known) - _SHOWN} more" if len(known) > _SHOWN else shown
