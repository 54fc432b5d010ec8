"""JSON bytes to values, for the protocols whose bodies have no fixed shape.

As for the Open Inference Protocol: small bodies by orjson, large ones by simdjson, what has NaN or Infinity
by the standard library, and the same values from all three. An array of numbers in a large body, however
deeply nested, becomes one `Numbers` instead of a tree of Python objects.

simdjson flattens whatever is nested, and looking at each element for a hidden array would cost more than it
saves. But every array begins with a bracket: if the body has as many as the shapes found account for, nothing
is hidden. If it has more (a ragged array, objects in arrays, a bracket in a string), orjson reads it again.
"""

from __future__ import annotations

import json
from itertools import accumulate
from operator import mul
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import orjson
import simdjson

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.json_document import LARGE, MAX_DEPTH, Numbers
from slipway_runtime.protocol.tensors import MAX_RANK, element_count
from slipway_runtime.protocol.words import kind

if TYPE_CHECKING:
    from slipway_runtime.protocol.tensors import Array, Shape

_Buffers: TypeAlias = "tuple[tuple[str, type[np.number[Any]]], ...]"
_BUFFERS: _Buffers = (("i", np.int64), ("u", np.uint64), ("d", np.float64))


def parse(body: bytes) -> Any:
    """Read a body: a dict, list or scalar; arrays of numbers may be `Numbers`.

    Raises:
        InvalidRequest: it is not JSON, or nested deeper than 64 levels.
    """
    try:
        value = orjson.loads(body) if len(body) < LARGE else _large(body)
    except (ValueError, RuntimeError, KeyError):  # the last: simdjson does not find every key that it lists
        value = _parse_again(body)
    if _count(body, b"[") + _count(body, b"{") > MAX_DEPTH:
        _check_depth(value)
    return value


def kind_of(value: object) -> str:
    """What JSON calls a value's type."""
    return "an array" if type(value) is Numbers else kind(value)


def plain(value: Any) -> Any:
    """The same value without `Numbers`, for an echo."""
    if type(value) is dict:
        return {key: plain(item) for key, item in value.items()}
    return value.values.reshape(value.dims).tolist() if type(value) is Numbers else value


def _large(body: bytes) -> Any:
    """Read through simdjson; raises ValueError for what orjson has to read."""
    brackets = [0]
    value = _value(simdjson.Parser().parse(body), 0, brackets)
    if _count(body, b"[") != brackets[0]:
        raise ValueError
    return value


def _count(body: bytes, letter: bytes) -> int:
    """How often a letter is there; on a large body bytes.count takes four times as long."""
    if len(body) < LARGE:
        return body.count(letter)
    return int(np.count_nonzero(np.frombuffer(body, np.uint8) == ord(letter)))


def _value(proxy: Any, depth: int, brackets: list[int]) -> Any:
    """What a proxy of simdjson stands for; none may outlive the parser."""
    if isinstance(proxy, simdjson.Array):
        return _array(proxy, brackets)
    if not isinstance(proxy, simdjson.Object):
        return proxy
    keys = list(proxy.keys())
    if len(set(keys)) != len(keys) or depth == MAX_DEPTH:
        raise ValueError  # of a key that is there twice simdjson takes the first, the others take the last
    return {key: _value(proxy[key], depth + 1, brackets) for key in keys}


def _array(proxy: Any, brackets: list[int]) -> Numbers | list[Any]:
    dims = _dims(proxy)
    if dims == (0,):
        brackets[0] += 1
        return []
    for typecode, dtype in _buffers(proxy):
        try:
            values: Array = np.frombuffer(proxy.as_buffer(of_type=typecode), dtype=dtype)
        except (TypeError, ValueError):
            continue
        if len(values) == element_count(dims):
            brackets[0] += sum(accumulate((1, *dims[:-1]), mul))
            return Numbers(values, dims)
    brackets[0] += 1  # no more than that, or orjson reads it again
    return list(proxy.as_list())


def _buffers(proxy: Any) -> _Buffers:
    """What may hold an array's numbers; where the first is a float, no integers can."""
    while isinstance(proxy, simdjson.Array) and len(proxy):
        proxy = proxy[0]
    return _BUFFERS[-1:] if isinstance(proxy, float) else _BUFFERS


def _dims(proxy: Any) -> Shape:
    """Lengths of the nested arrays; raises where they are ragged, too deep, or hold something else."""
    dims: list[int] = []
    rows = [proxy]
    while rows and isinstance(rows[0], simdjson.Array):
        width = len(rows[0])
        try:
            ragged = not all(len(row) == width for row in rows)
        except TypeError:  # a number or a string among arrays
            ragged = True
        if ragged or len(dims) == MAX_RANK:
            raise ValueError
        dims.append(width)
        nested = width and isinstance(rows[0][0], simdjson.Array)
        rows = [child for row in rows for child in row] if nested else []
    return tuple(dims)


def _parse_again(body: bytes) -> Any:
    """Read what the quick parser refused, or say what is wrong and where; never what stands there."""
    if not body.strip():
        raise InvalidRequest("JSON Parse error: The document is empty")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if b"NaN" not in body and b"Infinity" not in body:
            raise InvalidRequest(f"JSON Parse error: Invalid value at offset: {error.pos}") from None
    try:
        value = json.loads(body.decode(), parse_float=_finite)
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair could never be answered
    except json.JSONDecodeError as error:
        raise InvalidRequest(f"JSON Parse error: Invalid value at offset: {error.pos}") from None
    except (ValueError, RecursionError):
        raise InvalidRequest(
            "JSON Parse error: Invalid value: not UTF-8, a number beyond any float, or nested too deeply"
        ) from None
    return value


def _finite(token: str) -> float:
    value = float(token)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for parent in level
            if type(parent) in (dict, list)  # Numbers are a tuple, and no deeper than they can be
            for child in (parent.values() if type(parent) is dict else parent)
        ]
        if not level:
            return
    raise InvalidRequest(f"the body is nested deeper than {MAX_DEPTH} levels")
