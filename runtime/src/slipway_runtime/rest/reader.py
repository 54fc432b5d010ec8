"""Bytes to whole requests: httptools parses, this collects, and keeps the limits while it does.

Limits: 16 kB for a head; a body's length, by its header and while it arrives. A request that breaks one
becomes a request with a fault, in its place in line, and nothing after it is read.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httptools

from slipway_runtime.errors import BodyTooLarge, HeadersTooLarge, InvalidRequest
from slipway_runtime.rest.request import TOLD, Request

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable

    from slipway_runtime.errors import RequestFault

MAX_HEAD = 16 * 1024
MANY_CHUNKS = 256
_NO_HEADERS: dict[bytes, bytes] = {}


class Reader:
    """The reading side of one connection.

    Args:
        whole: where requests go, in order.
        max_body: bytes.
        seconds: each request may take.
        client: the peer's address.
        go_on: called when a client waits for leave to send its body.

    Attributes:
        deaf: nothing more is read.
        arrived: when the last head was whole, on time.perf_counter's scale; 0 before the first.
        in_head: part of a head is here.
        in_body: a head is here and its body is not whole.
    """

    __slots__ = (
        "_chunks",
        "_client",
        "_go_on",
        "_head_bytes",
        "_headers",
        "_max_body",
        "_parser",
        "_seconds",
        "_size",
        "_spilled",
        "_target",
        "_whole",
        "arrived",
        "deaf",
        "in_body",
        "in_head",
    )

    def __init__(
        self,
        whole: deque[Request],
        *,
        max_body: int,
        seconds: float,
        client: str,
        go_on: Callable[[], None],
    ) -> None:
        self._whole = whole
        self._max_body = max_body
        self._seconds = seconds
        self._client = client
        self._go_on = go_on
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers = _NO_HEADERS
        self._size = self._head_bytes = 0
        self._chunks: list[bytes] = []
        self._spilled = bytearray()
        self.deaf = self.in_head = self.in_body = False
        self.arrived = 0.0

    def feed(self, data: bytes) -> None:
        """Read on."""
        if self.deaf:
            return
        if self.in_head:  # the chunk that a head begins in is not counted: it may hold another request's end
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # Another protocol is offered (h2c, WebSocket). HTTP allows to answer in this one and go on.
            self._parser = httptools.HttpRequestParser(self)
            self.feed(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            if not self.deaf:
                self.refuse(InvalidRequest("this is not HTTP/1.1"))
        if self.in_head and self._head_bytes > MAX_HEAD:
            self.refuse(_head_too_large())

    def refuse(self, fault: RequestFault) -> None:
        """Put a fault in line, and read nothing more."""
        self.deaf = True
        self.in_head = self.in_body = False
        self._drop()
        arrived = time.perf_counter()
        self._whole.append(
            Request(
                b"", b"", _NO_HEADERS, client=self._client, arrived=arrived, keep_alive=False, fault=fault
            )
        )

    # httptools calls these

    def on_message_begin(self) -> None:
        """A request begins."""
        self.in_head = True
        self._target = b""
        self._headers = {}
        self._size = self._head_bytes = 0

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        self._size += len(name) + len(value)
        name = name.lower()
        if name in TOLD:
            self._headers[name] = value

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self.in_head = False
        self.in_body = True
        self.arrived = time.perf_counter()
        size = self._size + len(self._target)
        self._size = 0
        headers = self._headers
        if size > MAX_HEAD:
            self.refuse(_head_too_large())
        elif int(headers.get(b"content-length", b"0")) > self._max_body:
            self.refuse(self._body_too_large())
        elif b"expect" in headers:
            self._go_on()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if self.deaf:
            return
        self._size += len(body)
        if self._size > self._max_body:
            self.refuse(self._body_too_large())
            return
        self._chunks.append(body)
        if len(self._chunks) > MANY_CHUNKS:  # a million chunks of one byte must not cost a million objects
            self._spilled += b"".join(self._chunks)
            self._chunks.clear()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self.in_body = False
        if self.deaf:
            return
        parser = self._parser
        self._whole.append(
            Request(
                parser.get_method(),
                self._target,
                self._headers,
                body=self._body(),
                client=self._client,
                arrived=self.arrived,
                seconds=self._seconds,
                keep_alive=parser.should_keep_alive(),
                version=parser.get_http_version(),
            )
        )

    def _body(self) -> bytes:
        chunks = self._chunks
        if len(chunks) == 1 and not self._spilled:
            return chunks.pop()
        body = b"".join([self._spilled, *chunks])
        self._drop()
        return body

    def _drop(self) -> None:
        self._chunks.clear()
        if self._spilled:
            self._spilled = bytearray()

    def _body_too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"the body is longer than {self._max_body} bytes: send fewer rows at once")


def _head_too_large() -> HeadersTooLarge:
    return HeadersTooLarge(f"request line and headers are longer than {MAX_HEAD} bytes")
