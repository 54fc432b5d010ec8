"""gzip and deflate: bodies that come compressed, answers that go out so, for every protocol alike.

Coming in: one coding, and no more bytes than a body may have. A gzip stream that says itself that it is
longer is refused unopened; any other is cut off at the limit. gzip may come in several members, as parallel
and appending compressors write it: they are one body, and the limit is for all of them. What is small is
opened where it is, the rest on a thread.

Going out: a client that names one coding asks for it and gets it. One that lists what it could read, as
libraries do by themselves, gets it where it pays: below a kilobyte the answer would hardly shrink.
"""

from __future__ import annotations

import asyncio
import zlib
from functools import lru_cache
from typing import NamedTuple

from slipway_runtime.errors import BodyTooLarge, InvalidRequest, Unsupported
from slipway_runtime.rest.reply import Reply

AT_ONCE = 256 * 1024  # bytes; longer ones are left to a thread
WORTHWHILE = 1024  # bytes
LEVEL = 1  # of zlib: the quickest
_GZIP, _ZLIB, _BARE = 31, 15, -15  # zlib's window bits stand for the container as well
_DENSEST = 1032  # bytes that deflate can make of one
_MEMBERS = 4096  # of one body; each costs a decompressor, so a body of empty ones would burn seconds
_PIECE = 64 * 1024  # bytes that a decompressor is given at once; what follows its member it copies
_TRAILER = 4  # bytes at the end of gzip, the length of what is inside
_WINDOWS = {b"gzip": _GZIP, b"deflate": _ZLIB}
_ALIASES = {b"x-gzip": b"gzip"}
_NOT_WHOLE = "the compressed body is cut off, or something follows it"


class Wish(NamedTuple):
    """What an Accept-Encoding asks for.

    Attributes:
        coding: gzip or deflate; empty for neither.
        alone: nothing else was named.
    """

    coding: bytes
    alone: bool


async def inflated(body: bytes, codings: bytes, limit: int) -> bytes:
    """A body without its Content-Encoding.

    Args:
        body: as it came.
        codings: the header's value.
        limit: bytes that the body may have afterwards.

    Raises:
        Unsupported: another coding than gzip or deflate, or several.
        BodyTooLarge: it would be longer than the limit.
        InvalidRequest: it is damaged.
    """
    names = [name.strip().lower() for name in codings.split(b",")]
    asked = [_ALIASES.get(name, name) for name in names if name not in (b"", b"identity")]
    if not asked:
        return body
    if len(asked) > 1 or asked[0] not in _WINDOWS:
        raise Unsupported("only one Content-Encoding is read, gzip or deflate: send the body so, or plain")
    stream = _stream(body, asked[0], limit)
    found = _next(stream, body, min(AT_ONCE, limit + 1))
    if len(found) == AT_ONCE <= limit and not stream.eof:  # to zlib, room for 0 bytes would be no limit
        found += await asyncio.to_thread(_next, stream, stream.unconsumed_tail, limit + 1 - AT_ONCE)
    if len(found) > limit:
        raise _too_large(limit)
    if stream.eof and stream.unused_data and asked[0] == b"gzip":
        return await asyncio.to_thread(_with_further_members, found, stream.unused_data, limit)
    if not stream.eof or stream.unused_data:
        raise InvalidRequest(_NOT_WHOLE)
    return found


async def compressed(reply: Reply, wish: Wish) -> Reply:
    """An answer in the coding that its client asked for."""
    body = reply.body
    if not wish.coding or not body or (len(body) < WORTHWHILE and not wish.alone):
        return reply
    window = _WINDOWS[wish.coding]
    if len(body) > AT_ONCE:
        packed = await asyncio.to_thread(zlib.compress, body, LEVEL, window)
    else:
        packed = zlib.compress(body, LEVEL, window)
    return Reply(reply.status, reply.head + b"content-encoding: %b\r\n" % wish.coding, packed)


@lru_cache(256)
def wish_of(accept: bytes) -> Wish:
    """Read an Accept-Encoding: of what is spoken here the most wanted, gzip before deflate."""
    entries = [entry.strip().lower().partition(b";") for entry in accept.split(b",") if entry.strip()]
    weights = {_ALIASES.get(name.strip(), name.strip()): _weight(rest) for name, _, rest in entries}
    spoken = [coding for coding in _WINDOWS if weights.get(coding, 0) > 0]
    if not spoken:
        return Wish(b"", alone=False)
    return Wish(max(spoken, key=lambda coding: weights[coding]), alone=len(weights) == 1)


def _weight(parameters: bytes) -> float:
    name, _, number = parameters.replace(b" ", b"").partition(b"=")
    if name != b"q":
        return 1.0
    try:
        return float(number)
    except ValueError:
        return 0.0


def _stream(body: bytes, coding: bytes, limit: int) -> zlib._Decompress:
    """A decompressor. Some clients send deflate without the header that HTTP asks for."""
    if coding == b"gzip":
        said = int.from_bytes(body[-_TRAILER:], "little")
        if limit < said <= _DENSEST * len(body):  # anything above is no length: the stream is cut off
            raise _too_large(limit)
        return zlib.decompressobj(_GZIP)
    headed = len(body) > 1 and body[0] & 15 == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
    return zlib.decompressobj(_ZLIB if headed else _BARE)


def _next(stream: zlib._Decompress, body: bytes | memoryview, most: int) -> bytes:
    try:
        return stream.decompress(body, most)
    except zlib.error:
        raise InvalidRequest("the body is not in the coding that its Content-Encoding names") from None


def _with_further_members(first: bytes, rest: bytes, limit: int) -> bytes:
    """What all members of a gzip body hold, the first of which is open already."""
    view, at, room, parts = memoryview(rest), 0, limit - len(first), [first]
    for _ in range(_MEMBERS - 1):
        stream = zlib.decompressobj(_GZIP)
        while not stream.eof:
            piece = view[at : at + _PIECE]
            if not piece:
                raise InvalidRequest(_NOT_WHOLE)
            parts.append(_next(stream, piece, room + 1))
            room -= len(parts[-1])
            if room < 0:
                raise _too_large(limit)
            at += len(piece) - len(stream.unused_data)
        if at == len(view):
            return b"".join(parts)
    raise InvalidRequest(f"the gzip body has more than {_MEMBERS} members: compress it in one")


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"the body is longer than {limit} bytes once inflated: send fewer rows at once")
