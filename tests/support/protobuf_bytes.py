"""Protobuf by hand: the bytes that no protobuf library would write, for tests of what reads them."""

from __future__ import annotations

VARINT, FIXED64, LENGTH_DELIMITED, GROUP, FIXED32 = 0, 1, 2, 3, 5


def varint(number: int) -> bytes:
    """A number, seven bits a byte."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def tag(number: int, wire_type: int) -> bytes:
    """What stands before a field's value."""
    return varint(number << 3 | wire_type)


def message(number: int, content: bytes) -> bytes:
    """A field that is text, bytes or a message."""
    return tag(number, LENGTH_DELIMITED) + varint(len(content)) + content


def nested(path: list[int], content: bytes) -> bytes:
    """Content inside messages; the outermost field number first."""
    for number in reversed(path):
        content = message(number, content)
    return content


def entry(key: bytes, text: bytes) -> bytes:
    """A StringStringEntryProto's content."""
    return message(1, key) + message(2, text)
