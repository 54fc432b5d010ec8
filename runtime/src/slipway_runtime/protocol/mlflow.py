"""What `/invocations` takes: MLflow's forms, the older ones of MLflow 1, and what SageMaker's clients send.

JSON objects with exactly one of `dataframe_split`, `dataframe_records`, `instances`, `inputs`; `params` is
allowed beside them and means nothing to these models. MLflow 1 sent the split form bare, or records with
`format=pandas-records` in the content type; SageMaker's serializers send a bare array, or an npy file. Tables
are text/csv.
The answer is `{"predictions": …}`, or CSV where only that is accepted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from slipway_runtime.errors import InvalidRequest, Unsupported
from slipway_runtime.protocol import csv_table, npy
from slipway_runtime.protocol.json_document import Numbers
from slipway_runtime.protocol.json_values import kind_of, parse
from slipway_runtime.protocol.rows import Inputs, from_named, from_records, from_table, from_tensor
from slipway_runtime.protocol.words import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slipway_runtime.protocol.signature import Signature

JSON, CSV, NPY = "application/json", "text/csv", "application/x-npy"
FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_SPLIT = frozenset({"columns", "data", "index"})


class ContentType(NamedTuple):
    """A Content-Type, taken apart.

    Attributes:
        kind: type and subtype, lower-case.
        parameters: by lower-case name.
    """

    kind: str
    parameters: Mapping[str, str]


def content_type(header: str) -> ContentType:
    """Take a Content-Type apart; an empty one stands for JSON.

    Raises:
        Unsupported: neither JSON nor CSV nor npy, or not UTF-8.
    """
    kind, *rest = (part.strip() for part in header.split(";"))
    pairs = (part.partition("=") for part in rest if part)
    found = ContentType(
        kind.lower() or JSON, {name.strip().lower(): value.strip(' "').lower() for name, _, value in pairs}
    )
    if found.kind in ("application/x-www-form-urlencoded", "application/octet-stream"):
        found = found._replace(kind=JSON)  # what curl and some clients say of JSON
    if found.kind not in (JSON, CSV, NPY):
        raise Unsupported(f"Content-Type {quoted(kind)} is not read: send {JSON}, {CSV} or {NPY}")
    if found.parameters.get("charset", "utf-8") not in ("utf-8", "utf8", "us-ascii"):
        raise Unsupported("only UTF-8 is read: send charset=utf-8")
    return found


def decode(body: bytes, signature: Signature, header: str = "") -> Inputs:
    """Read a request.

    Args:
        body: of the request.
        signature: of the model.
        header: the Content-Type.

    Raises:
        InvalidRequest: it does not fit a form or the model.
        Unsupported: see `content_type`.
    """
    kind, parameters = content_type(header)
    if kind == CSV:
        return csv_table.decode(body, signature, parameters.get("header", ""))
    if kind == NPY:
        return _bare(npy.decode(body), signature)
    document = parse(body)
    if type(document) in (list, Numbers):
        return _bare(document, signature)
    if type(document) is not dict:
        raise InvalidRequest(f"the body must be a JSON object or array, not {kind_of(document)}")
    forms = [form for form in FORMS if form in document]
    if not forms and "data" in document and _SPLIT.issuperset(document):
        return _split(document, signature)
    if len(forms) != 1:
        raise InvalidRequest(
            f"the body must have exactly one of {', '.join(FORMS)}; it has {len(forms)} of them"
        )
    return _READ[forms[0]](document[forms[0]], signature)


def _split(frame: Any, signature: Signature) -> Inputs:
    if type(frame) is not dict or "data" not in frame or not _SPLIT.issuperset(frame):
        raise InvalidRequest(
            "'dataframe_split' must be an object with 'data', and may have 'columns', 'index'"
        )
    return from_table(signature, _columns(frame.get("columns")), frame["data"])


def _columns(columns: Any) -> Sequence[str]:
    """Names; integers are positions, which say nothing."""
    if columns is None or type(columns) is Numbers or set(map(type, _listed(columns))) == {int}:
        return ()
    if not all(type(name) is str for name in columns):
        raise InvalidRequest("'columns' must be an array of names")
    return tuple(columns)


def _listed(value: Any) -> list[Any]:
    if type(value) is not list:
        raise InvalidRequest(f"'columns' must be an array of names, not {kind_of(value)}")
    return value


def _records(records: Any, signature: Signature) -> Inputs:
    if type(records) is not list:
        raise InvalidRequest(f"'dataframe_records' must be an array of objects, not {kind_of(records)}")
    return from_records(signature, records)


def _bare(value: Any, signature: Signature) -> Inputs:
    """An array: of objects, or the rows of the only input, or of a table."""
    if type(value) is list and value and type(value[0]) is dict:
        return from_records(signature, value)
    return from_tensor(signature, value) if len(signature.inputs) == 1 else from_table(signature, (), value)


def _tensors(value: Any, signature: Signature) -> Inputs:
    return from_named(signature, value) if type(value) is dict else _bare(value, signature)


_READ = {
    "dataframe_split": _split,
    "dataframe_records": _records,
    "instances": _tensors,
    "inputs": _tensors,
}
