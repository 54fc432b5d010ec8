"""Streams that two HTTP parsers could read differently: one answer for each request, and closed on doubt."""

from __future__ import annotations

import pytest

from http_wire import Wire, post, statuses

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: t\r\n\r\n"
HEAD = b"POST /x HTTP/1.1\r\nHost: t\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"

AMBIGUOUS = {
    "both lengths, chunked last": HEAD
    + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + HIDDEN,
    "both lengths, chunked first": HEAD
    + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"
    + HIDDEN,
    "two lengths": HEAD + b"Content-Length: 0\r\nContent-Length: 33\r\n\r\n" + HIDDEN,
    "a list of lengths": HEAD + b"Content-Length: 0, 33\r\n\r\n" + HIDDEN,
    "a signed length": HEAD + b"Content-Length: +0\r\n\r\n" + HIDDEN,
    "a negative length": HEAD + b"Content-Length: -1\r\n\r\n" + HIDDEN,
    "a hexadecimal length": HEAD + b"Content-Length: 0x0\r\n\r\n" + HIDDEN,
    "a length beyond 64 bits": HEAD + b"Content-Length: 99999999999999999999\r\n\r\n" + HIDDEN,
    "chunked twice": HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "an unknown coding": HEAD + b"Transfer-Encoding: chunky\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunked is not last": HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a space before the colon": HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a folded header": HEAD + b"X: y\r\n Content-Length: 0\r\n\r\n" + HIDDEN,
    "bare line feeds in a chunk size": HEAD + CHUNKED + b"\r\n0\n\n" + HIDDEN,
    "a chunk size with a sign": HEAD + CHUNKED + b"\r\n+0\r\n\r\n" + HIDDEN,
    "a chunk size with 0x": HEAD + CHUNKED + b"\r\n0x0\r\n\r\n" + HIDDEN,
    "a chunk longer than it says": HEAD + CHUNKED + b"\r\n1\r\nxx\r\n0\r\n\r\n" + HIDDEN,
    "a chunk size beyond 64 bits": HEAD
    + b"Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\nx"
    + HIDDEN,
    "a zero byte in a name": HEAD + b"Content\x00-Length: 0\r\n\r\n" + HIDDEN,
    "a zero byte in a value": HEAD + b"X: a\x00b\r\n\r\n" + HIDDEN,
    "no name": HEAD + b": value\r\n\r\n" + HIDDEN,
    "no colon": HEAD + b"Content-Length\r\n\r\n" + HIDDEN,
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + HIDDEN,
    "HTTP/2 without asking": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /x\r\n\r\n" + HIDDEN,
    "an unknown version": b"GET /x HTTP/3.7\r\n\r\n" + HIDDEN,
    "a space in the target": b"GET /x /y HTTP/1.1\r\n\r\n" + HIDDEN,
}


@pytest.mark.parametrize("stream", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
async def test_a_request_of_doubtful_length_is_refused_and_nothing_after_it_is_read(stream: bytes) -> None:
    """Behind a proxy that reads it differently, the rest would be somebody else's request."""
    wire = Wire()

    written = wire.feed(stream)

    assert all(b"/hidden" not in request.target for request in wire.app.seen)
    assert statuses(written)[-1] == 400
    assert wire.transport.ended or wire.transport.is_closing()


async def test_what_follows_a_close_is_not_answered() -> None:
    """The client said that this was its last request."""
    wire = Wire()

    written = wire.feed(post(Connection="close") + HIDDEN)

    assert statuses(written) == [200]
    assert wire.transport.is_closing()


async def test_a_connect_opens_no_tunnel() -> None:
    """The server is no proxy."""
    wire = Wire()

    wire.feed(b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n")

    assert [request.method for request in wire.app.seen] == [b"CONNECT"]
