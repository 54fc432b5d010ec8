"""The protobuf wire format, read in place: field numbers and byte ranges, no objects, bounds checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import mmap
    from collections.abc import Iterator

VARINT, FIXED64, LENGTH_DELIMITED, FIXED32 = 0, 1, 2, 5
_FIXED = {FIXED64: 8, FIXED32: 4}
_MAX_VARINT = 10  # bytes


class Malformed(ValueError):  # noqa: N818 # reads as what it says of the bytes
    """The bytes are no protobuf message."""


def fields(buffer: bytes | mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """The fields of one message: number, wire type, first byte and end of the value.

    Raises:
        Malformed: a tag or a length does not fit.
    """
    at = start
    while at < end:
        tag, at = _varint(buffer, at, end)
        number, wire_type = tag >> 3, tag & 7
        first = at
        if wire_type == LENGTH_DELIMITED:
            length, first = _varint(buffer, at, end)
            at = first + length
        elif wire_type == VARINT:
            _, at = _varint(buffer, at, end)
        elif wire_type in _FIXED:
            at += _FIXED[wire_type]
        else:
            raise Malformed(f"wire type {wire_type} at byte {first}")
        if at > end or number == 0:
            raise Malformed(f"a field runs past its message at byte {first}")
        yield number, wire_type, first, at


def _varint(buffer: bytes | mmap.mmap, at: int, end: int) -> tuple[int, int]:
    """A varint's value and the place after it."""
    value = shift = 0
    for place in range(at, min(end, at + _MAX_VARINT)):
        byte = buffer[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 # the continuation bit
            return value, place + 1
        shift += 7
    raise Malformed(f"a number is cut off at byte {at}")
