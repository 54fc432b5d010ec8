"""Protocol buffers by hand, as far as one inference over gRPC needs them.

No server's own generated classes: the peers bring different ones, and none of them should judge another.
Only lengths-delimited fields and variable-length integers occur in these messages.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5


def varint(value: int) -> bytes:
    """An unsigned integer."""
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 # seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number: int, content: bytes | str) -> bytes:
    """A string, bytes or message under its number."""
    raw = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | _LENGTH) + varint(len(raw)) + raw


def packed(number: int, values: Iterable[int]) -> bytes:
    """Repeated integers."""
    return field(number, b"".join(map(varint, values)))


def fields(message: bytes) -> dict[int, list[bytes]]:
    """The length-delimited fields of a message, by number, in order; others are passed over.

    Raises:
        ValueError: it is no message.
    """
    found: dict[int, list[bytes]] = defaultdict(list)
    at = 0
    while at < len(message):
        key, at = _read(message, at)
        kind = key & 7
        if kind == _LENGTH:
            size, at = _read(message, at)
            found[key >> 3].append(message[at : at + size])
            at += size
        elif kind == _VARINT:
            _, at = _read(message, at)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            at += 8 if kind == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"wire type {kind} at byte {at}")
    return found


def _read(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte <= 0x7F:  # noqa: PLR2004 # the last one
            return value, at
