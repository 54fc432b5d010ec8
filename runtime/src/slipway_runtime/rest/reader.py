"""Bytes to whole requests: httptools parses, this collects, and keeps the limits while it does.

Limits: 16 kB for a head (a name that is sent twice in one read counts once); a body's length, by its header
and while it arrives. A request that breaks one becomes a request with a fault, in its place in line, and
nothing after it is read.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import httptools

from slipway_runtime.errors import BodyTooLarge, HeadersTooLarge, InvalidRequest
from slipway_runtime.rest.headers import plan_for
from slipway_runtime.rest.request import USUAL, Request

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Mapping

    from slipway_runtime.errors import RequestFault

MAX_HEAD = 16 * 1024
MANY_CHUNKS = 256
MANY_HEADS = 8  # of one client: bodies differ in length by a few digits
MAX_REPEATABLE = 2048  # bytes of a head that is kept
_NOTHING_TOLD: Mapping[bytes, bytes] = {}


class _Head(NamedTuple):
    """A head that was parsed.

    Attributes:
        length: of the body that it announced.
    """

    method: bytes
    target: bytes
    told: Mapping[bytes, bytes]
    length: int


class Reader:
    """The reading side of one connection.

    Args:
        whole: where requests go, in order.
        max_body: bytes.
        seconds: each request may take.
        client: the peer's address.
        go_on: called when a client waits for leave to send its body.

    Attributes:
        on_header: the parser puts headers into the dictionary itself.
        deaf: nothing more is read.
        arrived: when the last head was whole, on time.perf_counter's scale; 0 before the first.
        at_rest: nothing of a request is here.
        in_head: part of a head is here.
        in_body: a head is here and its body is not whole.
    """

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
        self._headers: dict[bytes, bytes] = {}
        self.on_header = self._headers.__setitem__
        self._target = b""
        self._told = _NOTHING_TOLD
        self._head_bytes = self._body_bytes = 0
        self._length = -1
        self._chunks: list[bytes] = []
        self._spilled = bytearray()
        self._repeatable: dict[bytes, _Head] = {}
        self.at_rest = True
        self.deaf = self.in_head = self.in_body = False
        self.arrived = 0.0
        self._parser = httptools.HttpRequestParser(self)

    def repeated(self, data: bytes) -> Request | None:
        """A whole request whose head was parsed before, byte for byte; only to be asked at rest.

        Clients send the same head with every request of the same length. Equal bytes mean the same, so there
        is nothing to parse: that saves a fifth of a small request's time.
        """
        end = data.find(b"\r\n\r\n") + 4
        head = self._repeatable.get(data[:end])
        if head is None:
            return None
        method, target, told, length = head
        if len(data) - end != length:
            return None
        self.arrived = now = time.perf_counter()
        keep_alive = True
        deadline = now + self._seconds
        request = Request(method, target, told, data, self._client, now, deadline, keep_alive)
        request.begin = end
        return request

    def feed(self, data: bytes) -> None:
        """Read on."""
        if self.deaf:
            return
        if self.in_head:  # the chunk that a head begins in is not counted: it may hold another request's end
            self._head_bytes += len(data)
        fresh = self.at_rest and not self._whole
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
        elif fresh and self.at_rest and len(self._whole) == 1:
            self._remember(data, self._whole[0])

    def _remember(self, data: bytes, request: Request) -> None:
        """Keep the head of a plain request that came alone and in one piece."""
        end = data.find(b"\r\n\r\n") + 4
        length = len(data) - end
        plain = self._length == length and request.keep_alive and request.version == "1.1"
        if not plain or end > MAX_REPEATABLE or len(request.body) != length:
            return
        if len(self._repeatable) >= MANY_HEADS:
            self._repeatable.clear()
        self._repeatable[data[:end]] = _Head(request.method, request.target, request.headers, length)

    def refuse(self, fault: RequestFault) -> None:
        """Put a fault in line, and read nothing more."""
        self.deaf = True
        self.at_rest = self.in_head = self.in_body = False
        self._drop()
        now = time.perf_counter()
        refused = Request(b"", b"", _NOTHING_TOLD, b"", self._client, now, now, False)  # keep_alive
        refused.fault = fault
        self._whole.append(refused)

    # httptools calls these

    def on_message_begin(self) -> None:
        """A request begins."""
        self.at_rest = False
        self.in_head = True
        self._target = b""
        self._headers.clear()
        self._head_bytes = 0

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        self._target += url

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self.in_head = False
        self.in_body = True
        self.arrived = time.perf_counter()
        self._body_bytes = 0
        headers = self._headers
        size = sum(map(len, headers)) + sum(map(len, headers.values())) + 4 * len(headers)
        if size + len(self._target) > MAX_HEAD:
            self.refuse(_head_too_large())
            return
        length, expect, told = plan_for(tuple(headers))
        self._told = _unusual(headers, told) if told else _NOTHING_TOLD
        self._length = int(headers[length]) if length else -1
        if self._length > self._max_body:
            self.refuse(self._body_too_large())
        elif expect:
            self._length = -1  # its body comes apart from its head
            self._go_on()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._body_bytes += len(body)
        if self._body_bytes > self._max_body:
            if not self.deaf:
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
        self.at_rest = True
        parser, chunks = self._parser, self._chunks
        request = Request(
            parser.get_method(),
            self._target,
            self._told,
            chunks.pop() if len(chunks) == 1 and not self._spilled else self._joined(),
            self._client,
            self.arrived,
            self.arrived + self._seconds,
            parser.should_keep_alive(),
        )
        version = parser.get_http_version()
        if version != "1.1":
            if version != "1.0":
                self.refuse(InvalidRequest("this is not HTTP/1.1"))
                return
            request.version = version
        self._whole.append(request)

    def _joined(self) -> bytes:
        body = b"".join([self._spilled, *self._chunks])
        self._drop()
        return body

    def _drop(self) -> None:
        self._chunks.clear()
        self._spilled = bytearray()

    def _body_too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"the body is longer than {self._max_body} bytes: send fewer rows at once")


def _unusual(headers: Mapping[bytes, bytes], told: tuple[tuple[bytes, bytes], ...]) -> Mapping[bytes, bytes]:
    return {low: headers[name] for name, low in told if (low, headers[name]) not in USUAL}


def _head_too_large() -> HeadersTooLarge:
    return HeadersTooLarge(f"request line and headers are longer than {MAX_HEAD} bytes")
