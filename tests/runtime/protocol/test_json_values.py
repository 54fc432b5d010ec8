"""JSON to values: two parsers and a fallback have to agree, and what they refuse is the client's to mend."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.json_document import MAX_DEPTH, Numbers
from slipway_runtime.protocol.json_values import kind_of, parse, plain
from tensor_bodies import JSON_VALUES, Sized, in_both_sizes, padded


def unfolded(value: Any) -> Any:
    """The value without Numbers anywhere."""
    if type(value) is Numbers:
        return value.values.reshape(value.dims).tolist()
    return {key: unfolded(item) for key, item in value.items()} if type(value) is dict else value


def as_floats(value: Any) -> Any:
    """The value with every number a float: a buffer has one type for all."""
    if isinstance(value, dict):
        return {key: as_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_floats(item) for item in value]
    return float(value) if type(value) is int else value


@given(JSON_VALUES)
def test_small_and_large_bodies_say_the_same(document: Any) -> None:
    """The size of a body chooses the parser; it must not choose the answer."""
    body = json.dumps(document).encode()

    assert repr(as_floats(unfolded(parse(body)))) == repr(as_floats(unfolded(parse(padded(body)))))


@given(
    st.lists(st.lists(st.floats(width=32) | st.integers(-(2**53), 2**53), min_size=2, max_size=2), min_size=1)
)
def test_numbers_of_a_large_body_are_the_numbers_of_the_body(rows: list[list[float]]) -> None:
    """The quick way through one buffer must not round or reorder."""
    found = unfolded(parse(padded(json.dumps({"rows": rows}).encode())))["rows"]

    np.testing.assert_array_equal(np.array(found, np.float64), np.array(rows, np.float64))


def test_an_array_of_numbers_in_a_large_body_is_one_buffer() -> None:
    """A tree of Python objects would cost ten times as much."""
    value = parse(padded(b'{"rows": [[1.5, 2], [3, 4]]}'))["rows"]

    assert (type(value), value.dims, value.values.dtype) == (Numbers, (2, 2), np.float64)
    assert kind_of(value) == "an array"


@pytest.mark.parametrize(
    "text",
    [
        "[[1, 2], [3]]",
        "[1, [2]]",
        "[[1, 2], [3, null]]",
        '[[1, "a"]]',
        "[true]",
        "[{}]",
        "[[[1], [2]], [[3]]]",
    ],
)
def test_an_array_of_other_things_is_kept_as_it_is(text: str) -> None:
    """Whoever reads it says what is wrong with it; flattening would hide that."""
    assert parse(padded(b'{"x": %s}' % text.encode())) == {"x": json.loads(text)}


def test_integers_keep_all_their_digits() -> None:
    """An id beyond 2^53 through a float would be another id."""
    assert unfolded(parse(padded(b'{"x": [9007199254740993, 18446744073709551615]}')))["x"] == [
        9007199254740993,
        18446744073709551615,
    ]


@in_both_sizes
def test_nan_and_infinity_are_read_as_python_and_tensorflow_write_them(sized: Sized) -> None:
    """JSON knows no such tokens, these clients send them."""
    value = parse(sized(b'{"x": [NaN, Infinity, -Infinity, 1]}'))["x"]

    assert str(value) == "[nan, inf, -inf, 1]"


@in_both_sizes
@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "The document is empty"),
        (b"{", "Invalid value at offset"),
        (b"nonsense", "Invalid value at offset"),
        (b'{"x": [NaN, 1e999]}', "Invalid value"),
        (b'{"x": [NaN, "\\ud800"]}', "Invalid value"),
        (b'{"x": "\xff"}', "Invalid value"),
        (b'{"x": NaN, "y": "\xff"}', "Invalid value"),
        (b"[" * 2000, "Invalid value"),
        (b"[" * 5000 + b"NaN" + b"]" * 5000, "Invalid value"),
    ],
)
def test_what_is_not_json_is_refused_in_tensorflow_serving_s_words(
    sized: Sized, body: bytes, text: str
) -> None:
    """Its users search for these; what stood there is never repeated."""
    with pytest.raises(InvalidRequest, match=f"JSON Parse error: {text}"):
        parse(sized(body))


@in_both_sizes
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_has_a_limit(sized: Sized, opening: bytes, closing: bytes) -> None:
    """Deep bodies are attacks on whoever walks them."""
    with pytest.raises(InvalidRequest, match="nested deeper than 64"):
        parse(sized(opening * (MAX_DEPTH + 6) + b'"a"' + closing * (MAX_DEPTH + 6)))


def test_an_echo_is_plain_json_again() -> None:
    """Tags of a large message come back as they were sent."""
    sent = {"tags": {"a": [1, 2], "b": "c", "d": [[1.5]]}}

    assert plain(parse(padded(json.dumps(sent).encode()))) == sent
