"""Text tables (CSV) in and out.

MLflow's clients send a first line of columns' names, SageMaker's do not. The first line is taken for names if
the content type says so (`header=present`), if they are those of the model's columns or inputs, or if the
model takes numbers alone and no cell of it is one. A first column without a name is an index that pandas
wrote, and is left out. Empty cells are refused: nobody knows whether they mean 0, "" or NaN.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.json_document import Numbers
from slipway_runtime.protocol.rows import Inputs, from_table
from slipway_runtime.protocol.tensors import BYTES

if TYPE_CHECKING:
    from slipway_runtime.protocol.signature import Signature, TensorSpec

PRESENT, ABSENT = "present", "absent"
_PLACE = re.compile(r"at row (\d+)(?:, column (\d+))?")


def decode(body: bytes, signature: Signature, header: str = "") -> Inputs:
    """Read a table.

    Args:
        body: UTF-8.
        signature: of the model.
        header: PRESENT, ABSENT, or empty: found out.

    Raises:
        InvalidRequest: not a table, or not one that the model takes.
    """
    try:
        text = body.decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text), strict=True)
        first = next(reader, [])
        names = first if _is_header(first, signature, header) else []
        if BYTES not in {spec.datatype for spec in signature.inputs}:
            return _numeric(text.splitlines()[reader.line_num if names else 0 :], names, signature)
        rows = [row for row in reader if row]
    except UnicodeDecodeError:
        raise InvalidRequest("the CSV is not UTF-8 text") from None
    except csv.Error:
        raise InvalidRequest("the CSV has a quote that does not end, or a cell of more than 128 kB") from None
    return _mixed(rows if names else [first, *rows], names, signature)


def encode(values: Any) -> bytes:
    """Write an answer: a line for each row and no names.

    Args:
        values: as from `answers.value_of`.
    """
    if isinstance(values, np.ndarray):
        table = values.reshape(len(values), -1) if values.ndim else values.reshape(1, 1)
        lines = [orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1] for row in table]
        return b"\n".join(lines).replace(b"null", b"nan") + b"\n"
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(row if type(row) is list else [row] for row in values)
    return text.getvalue().encode()


def _is_header(first: list[str], signature: Signature, header: str) -> bool:
    if header in (PRESENT, ABSENT):
        return header == PRESENT
    known = {*signature.features, *signature.input_by_name}
    if known.issuperset(filter(None, first)) and any(first):
        return True
    if BYTES in {spec.datatype for spec in signature.inputs}:
        return False
    return any(first) and not any(map(_is_number, first))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numeric(lines: list[str], names: list[str], signature: Signature) -> Inputs:
    """A table of numbers alone, read without an object for each cell."""
    if not any(line.strip() for line in lines):
        raise InvalidRequest("the CSV has no rows: send at least one")
    try:
        values = np.loadtxt(lines, dtype=np.float64, delimiter=",", comments=None, quotechar='"', ndmin=2)
    except ValueError as error:
        raise InvalidRequest(_place_text(str(error))) from None
    if _has_index(names, values.shape[1]):
        names, values = names[1:], values[:, 1:]
    return from_table(signature, _spoken(names), Numbers(values.reshape(-1), values.shape))


def _mixed(rows: list[list[str]], names: list[str], signature: Signature) -> Inputs:
    """A table with texts, read column by column."""
    if not any(rows) or len(set(map(len, rows))) != 1:
        raise InvalidRequest("the CSV has no rows, or rows of different lengths")
    columns = list(zip(*rows, strict=True))
    if _has_index(names, len(columns)):
        names, columns = names[1:], columns[1:]
    specs = _specs(names, len(columns), signature)
    typed = [_typed(column, spec) for column, spec in zip(columns, specs, strict=False)]
    if len(typed) != len(columns):
        raise InvalidRequest(f"the CSV has {len(columns)} columns, the model takes {len(typed)}")
    return from_table(signature, _spoken(names), list(map(list, zip(*typed, strict=True))))


def _specs(names: list[str], width: int, signature: Signature) -> list[TensorSpec]:
    """What each column is for; a name that is not known is refused later, whatever it is taken for here."""
    if len(signature.inputs) == 1:
        return [signature.inputs[0]] * width
    if names:
        return [signature.input_by_name.get(name, signature.inputs[0]) for name in names]
    return list(signature.inputs)


def _typed(column: tuple[str, ...], spec: TensorSpec) -> list[Any]:
    if spec.datatype == BYTES:
        return list(column)
    try:
        return list(map(float, column))
    except ValueError:
        raise InvalidRequest(
            f"the CSV has a cell that is not a number in the column of '{spec.name}'"
        ) from None


def _has_index(names: list[str], width: int) -> bool:
    return len(names) > 1 and not names[0] and len(names) == width


def _spoken(names: list[str]) -> list[str]:
    """Names that are only positions say nothing."""
    return [] if names == list(map(str, range(len(names)))) else names


def _place_text(said: str) -> str:
    """Where, counted from 1; what stands there is not repeated."""
    place = _PLACE.search(said)
    at = f" in row {int(place[1]) + 1}" if place else ""
    column = f", column {place[2]}" if place and place[2] else ""
    return f"the CSV has a cell that is empty or not a number, or a row of another length,{at}{column}"
