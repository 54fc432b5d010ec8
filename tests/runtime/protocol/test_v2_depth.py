"""Nesting: a body of brackets must cost a client error, whatever its size, and quickly."""

from __future__ import annotations

import pytest

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.json_document import MAX_DEPTH
from slipway_runtime.protocol.v2_decode import decode
from tensor_bodies import Sized, in_both_sizes, one

DEPTHS = [MAX_DEPTH + 2, 200, 1000, 1025, 10_000, 100_000]


def _nested(depth: int, inside: bytes = b"1") -> bytes:
    return b"[" * depth + inside + b"]" * depth


def _objects(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


@in_both_sizes
@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("place", ["document", "data", "parameters", "id", "shape", "inputs", "NaN"])
def test_deep_nesting_is_refused_wherever_it_is(sized: Sized, depth: int, place: str) -> None:
    """A parser that recurses would end the process; every model behind it would be gone."""
    tensor = b'{"name":"x","shape":[1],"datatype":"FP32","data":%s}'
    documents = {
        "document": _nested(depth),
        "data": b'{"inputs":[%s]}' % (tensor % _nested(depth)),
        "parameters": b'{"inputs":[],"parameters":{"a":%s}}' % _objects(depth),
        "id": b'{"inputs":[],"id":%s}' % _nested(depth),
        "shape": b'{"inputs":[{"name":"x","shape":%s,"datatype":"FP32","data":[1]}]}' % _nested(depth),
        "inputs": b'{"inputs":%s}' % _nested(depth),
        "NaN": b'{"inputs":[%s]}' % (tensor % _nested(depth, b"NaN")),
    }
    with pytest.raises(InvalidRequest):
        decode(sized(documents[place]), "m")


@in_both_sizes
@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":', b'{"inputs":['])
def test_brackets_that_never_close_are_refused(sized: Sized, opening: bytes) -> None:
    """A million opening brackets is what a scanner sends first."""
    with pytest.raises(InvalidRequest, match="not valid JSON"):
        decode(sized(opening * 10**6), "m")


@in_both_sizes
def test_parameters_just_below_the_limit_are_taken(sized: Sized) -> None:
    """The limit refuses attacks, not clients."""
    depth = MAX_DEPTH - 2
    tensor = b'{"name":"x","shape":[1],"datatype":"FP32","data":[1]}'
    document = b'{"inputs":[%s],"parameters":%s}' % (tensor, _objects(depth))
    assert decode(sized(document), "m").inputs["x"].tolist() == [1.0]


@in_both_sizes
def test_parameters_beyond_the_limit_are_refused_with_it(sized: Sized) -> None:
    """The limit is named, so that it need not be found by trying."""
    document = b'{"inputs":[],"parameters":%s}' % _objects(MAX_DEPTH + 1)
    with pytest.raises(InvalidRequest, match="nested deeper than 64 levels"):
        decode(sized(document), "m")


@in_both_sizes
def test_a_tensor_of_many_dimensions_may_be_nested(sized: Sized) -> None:
    """Nested data counts as dimensions, up to as many as an array can have."""
    data = [7]
    for _ in range(31):
        data = [data]  # type: ignore[list-item] # grows by one level a round
    assert one(sized, data, [1] * 32).ravel().tolist() == [7]
