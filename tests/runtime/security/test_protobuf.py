"""The reader of protobuf's wire format: bounds, and nothing but bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protobuf_bytes import FIXED32, FIXED64, GROUP, LENGTH_DELIMITED, VARINT, message, tag, varint
from slipway_runtime.security.protobuf import Malformed, fields


def _fields(buffer: bytes) -> list[tuple[int, int, bytes]]:
    return [(number, kind, buffer[first:end]) for number, kind, first, end in fields(buffer, 0, len(buffer))]


def test_every_wire_type_that_onnx_uses_is_read() -> None:
    """A field that is skipped wrongly hides all that follow."""
    buffer = tag(1, VARINT) + varint(300) + tag(2, FIXED64) + b"8" * 8 + message(3, b"text") + tag(4, FIXED32)
    assert _fields(buffer + b"4" * 4) == [
        (1, VARINT, varint(300)),
        (2, FIXED64, b"8" * 8),
        (3, LENGTH_DELIMITED, b"text"),
        (4, FIXED32, b"4" * 4),
    ]


def test_large_field_numbers_are_read() -> None:
    """Extensions have numbers of several bytes."""
    assert _fields(message(536_870_911, b"x")) == [(536_870_911, LENGTH_DELIMITED, b"x")]


@pytest.mark.parametrize(
    "buffer",
    [
        b"\x80",
        b"\x0a",
        b"\x0a\x05abc",
        b"\x0a" + varint(2**63),
        b"\x0a" + varint(2**64 - 1) + b"abc",
        b"\x09" + b"1234567",
        b"\x0d" + b"123",
        b"\x08" + b"\xff" * 11,
        b"\x00\x00",
        tag(1, GROUP) + tag(1, 4),
        tag(1, 6),
        tag(1, 7),
    ],
    ids=[
        "cut tag",
        "no length",
        "short text",
        "huge length",
        "overflowing length",
        "short double",
        "short float",
        "endless number",
        "field zero",
        "group",
        "type 6",
        "type 7",
    ],
)
def test_what_does_not_fit_is_malformed(buffer: bytes) -> None:
    """Reading past the end is how native parsers are attacked."""
    with pytest.raises(Malformed):
        _fields(buffer)


@given(st.binary(max_size=64), st.integers(0, 64), st.integers(0, 64))
def test_no_range_ever_leaves_its_message(buffer: bytes, one: int, other: int) -> None:
    """Inner messages are read by the ranges of outer ones: one that leaks reads a stranger's bytes."""
    start, end = sorted((min(one, len(buffer)), min(other, len(buffer))))
    last = start
    try:
        for number, _, first, after in fields(buffer, start, end):
            assert number > 0
            assert last < first <= after <= end
            last = after
    except Malformed:
        return
    assert last == end
