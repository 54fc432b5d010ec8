"""Reads a request's body: all of it, within a size and a time.

Most bodies are there at once, and cost one call and no timer. Others are collected in chunks and joined
once. A body that is too long is refused by its header where it has one, else as soon as it is; then the
client is given a moment to finish sending, because one that is cut off while it sends sees a broken
connection and not the answer.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from slipway_runtime.errors import BodyTooLarge, ClientGone, SlowBody

if TYPE_CHECKING:
    from slipway_runtime.rest.asgi import Exchange, Receive

LINGER_SECONDS = 3.0


async def read_body(
    receive: Receive, exchange: Exchange, declared: bytes, limit: int, seconds: float
) -> bytes:
    """The whole body.

    Args:
        receive: ASGI's.
        exchange: tells whether the body is all here.
        declared: the Content-Length header, empty where there is none.
        limit: bytes.
        seconds: until the request's time is over.

    Raises:
        BodyTooLarge: by its header, or while it arrives.
        SlowBody: it is not there in time.
        ClientGone: the client left before it was.
    """
    if declared.isdigit() and int(declared) > limit:
        await _discard(receive)
        raise _too_large(limit)
    if not exchange.more_body:
        return await _collect(receive, limit)
    try:
        async with asyncio.timeout(seconds):
            return await _collect(receive, limit)
    except TimeoutError:
        raise SlowBody("the body did not arrive before the request's time was over") from None


async def _collect(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone("the client left before its body was there")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            chunks.clear()
            await _discard(receive)
            raise _too_large(limit)
        chunks.append(chunk)
        more = message.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _discard(receive: Receive) -> None:
    """Read on for a moment without keeping anything."""
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while (message := await receive())["type"] == "http.request" and message.get("more_body"):
                pass
    except TimeoutError:
        return


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"the body is longer than {limit} bytes: send fewer rows at once")
