"""JSON bytes to a document, by the parser that suits their size.

Below 1 KiB orjson builds the whole tree. Above, simdjson indexes the body and only the fields that an
inference request has are taken out; an input's numbers come out as one flat buffer instead of a list of
Python objects, which halves the time from a few hundred numbers on. What simdjson does not read, orjson may:
integers beyond 64 bits. simdjson counts an array's elements in 24 bits, and its lists are as long as it
counted: a body that could hold more is orjson's. Neither reads the tokens NaN, Infinity and -Infinity, which
Triton accepts: a body that has them goes through the standard library's slower parser. All three give the
same document.

A document is a dict with the keys that were sent, when the body is large only those among id, parameters,
inputs and outputs; inputs may then be None. An input's `data` is a list, or `Numbers`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson
import simdjson

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.tensors import FLOATS, INTEGERS, MAX_RANK, Shape, element_count
from slipway_runtime.protocol.words import kind

if TYPE_CHECKING:
    from slipway_runtime.protocol.tensors import Array

LARGE = 1024  # bytes; measured: both take 3 µs there
COUNTABLE = 2**25  # bytes; an array of 2^24 elements is longer
MAX_DEPTH = 64


class Numbers(NamedTuple):
    """An input's numbers, flat.

    Attributes:
        values: float64, int64 or uint64.
        dims: lengths of the nested arrays, along the first element of each.
    """

    values: Array
    dims: Shape


def parse(body: bytes) -> dict[str, Any]:
    """Read a request's body.

    Raises:
        InvalidRequest: it is not JSON, not an object, or nested deeper than 64 levels.
    """
    try:
        document = _extract(body) if LARGE <= len(body) <= COUNTABLE else orjson.loads(body)
    except (ValueError, RuntimeError):
        document = _parse_again(body)
    if type(document) is not dict:
        raise InvalidRequest(f"the body must be a JSON object with 'inputs', not {kind(document)}")
    _check_depth(body, document)
    return document


def _extract(body: bytes) -> Any:
    """The fields of an inference request, through simdjson. Its proxies must not outlive the parser."""
    root = simdjson.Parser().parse(body)
    if not isinstance(root, simdjson.Object):
        return _plain(root)
    fields = _fields(root, ("id", "parameters", "outputs", "inputs"))
    inputs = fields.pop("inputs", None)
    document = {key: _plain(value) for key, value in fields.items()}
    document["inputs"] = (
        [_input(entry) for entry in inputs] if isinstance(inputs, simdjson.Array) else _plain(inputs)
    )
    return document


def _input(entry: Any) -> Any:
    if not isinstance(entry, simdjson.Object):
        return _plain(entry)
    found = _fields(entry, ("name", "shape", "datatype", "parameters", "data"))
    data = found.pop("data", None)
    fields = {key: _plain(value) for key, value in found.items()}
    datatype = fields.get("datatype")
    fields["data"] = _numbers(data, datatype) if isinstance(data, simdjson.Array) else _plain(data)
    return fields


def _numbers(data: Any, datatype: object) -> Numbers | list[Any]:
    """One buffer, or a list where datatype or element forbid it: what reads the list says what is wrong."""
    if type(datatype) is not str:
        return list(data.as_list())
    if datatype in FLOATS:
        typecode, dtype = "d", np.float64
    elif datatype in INTEGERS:
        unsigned = datatype.startswith("U")
        typecode, dtype = ("u", np.uint64) if unsigned else ("i", np.int64)  # type: ignore[assignment] # one variable, three dtypes
    else:
        return list(data.as_list())
    try:
        values = np.frombuffer(data.as_buffer(of_type=typecode), dtype=dtype)
        dims = _dims(data)
    except (TypeError, ValueError):
        return list(data.as_list())
    return Numbers(values, dims) if element_count(dims) == len(values) else list(data.as_list())


def _dims(data: Any) -> Shape:
    """Lengths of the nested arrays; raises ValueError or TypeError where they are ragged or too deep."""
    dims: list[int] = []
    rows = [data]
    while rows and isinstance(rows[0], simdjson.Array):
        width = len(rows[0])
        if len(dims) == MAX_RANK or not all(len(row) == width for row in rows):
            raise ValueError
        dims.append(width)
        nested = width and isinstance(rows[0][0], simdjson.Array)
        rows = [child for row in rows for child in row] if nested else []
    return tuple(dims)


def _fields(mapping: Any, wanted: tuple[str, ...]) -> dict[str, Any]:
    """Those of the wanted fields that are there; asking simdjson for one that is not costs 6 µs.

    Of a key that is there twice it would take the first, the others take the last.
    """
    keys = list(mapping.keys())
    if len(set(keys)) != len(keys):
        raise ValueError
    return {key: mapping[key] for key in wanted if key in keys}


def _plain(value: Any) -> Any:
    if isinstance(value, simdjson.Object):
        return value.as_dict()
    if isinstance(value, simdjson.Array):
        return value.as_list()
    return value


def _parse_again(body: bytes) -> Any:
    """Read what the quick parser refused, or say what is wrong and where; never what stands there."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if b"NaN" not in body and b"Infinity" not in body:
            raise _invalid(f"{error.msg} at byte {error.pos}") from None
    try:
        document = json.loads(body.decode(), parse_float=_finite)
        json.dumps(document, ensure_ascii=False).encode()  # half a surrogate pair could never be answered
    except json.JSONDecodeError as error:
        raise _invalid(f"{error.msg} at character {error.pos}") from None
    except UnicodeError:
        raise _invalid("it is not UTF-8 text") from None
    except ValueError:
        raise _invalid("a number is too large") from None
    except RecursionError:
        raise _invalid("it is nested too deeply") from None
    return document


def _invalid(what: str) -> InvalidRequest:
    return InvalidRequest(f"the body is not valid JSON: {what}")


def _finite(token: str) -> float:
    value = float(token)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return value


def _check_depth(body: bytes, document: dict[str, Any]) -> None:
    """Counting brackets settles it for nearly every small body; in a large one the walk is quicker.

    The walk leaves out `data`: there the nesting is compared with the shape, and the parsers stop at 1,024.
    Of a large body it sees the fields that mean something, and only those were made into objects.
    """
    if len(body) < LARGE and body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return
    inputs = document.get("inputs")
    entries = inputs if isinstance(inputs, list) else [inputs]
    level: list[Any] = [document[key] for key in document if key != "inputs"]
    level += [
        [entry[key] for key in entry if key != "data"] if isinstance(entry, dict) else entry
        for entry in entries
    ]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for value in level
            if isinstance(value, dict | list)
            for child in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return
    raise InvalidRequest(f"the body is nested deeper than {MAX_DEPTH} levels: flatten its parameters")
