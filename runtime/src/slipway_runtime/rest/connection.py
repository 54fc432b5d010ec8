"""One HTTP/1.1 connection: what the reader makes whole is answered in order, at once if it need not wait.

Requests that a client sends ahead wait in line; beyond sixteen nothing more is read. A client that does not
read its answers gets no more of them. A connection has one deadline, whatever it is waiting for, and the
server's sweep looks at it once a second: no request pays for a timer.

A refused client is left slowly: the answer, our end of the stream, then what still comes is thrown away for
a moment. One that is cut off while it sends sees a broken connection instead of the answer.
"""

from __future__ import annotations

import asyncio
import fcntl
import struct
import termios
import time
from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from slipway_runtime.errors import SlowBody
from slipway_runtime.rest.eager import follow
from slipway_runtime.rest.reader import Reader
from slipway_runtime.rest.reply import STATUS_LINES

if TYPE_CHECKING:
    from slipway_runtime.rest.app import App
    from slipway_runtime.rest.reply import Reply
    from slipway_runtime.rest.request import Request
    from slipway_runtime.telemetry.metrics import Metrics

MAX_AHEAD = 16
NEWCOMER_SECONDS = 0.5  # a connection this young has its first request on the way
_CLOSE = b"connection: close\r\n"
_KEEP_ALIVE = b"connection: keep-alive\r\n"  # HTTP/1.0 clients have to be told
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(slots=True)
class Shared:
    """What all connections of a server share.

    Attributes:
        app: answers requests.
        metrics: told how many requests are in flight.
        max_body: bytes.
        request_seconds: time for one request.
        keep_alive_seconds: time between two.
        head_seconds: time for a head to arrive.
        linger_seconds: time for a refused client to stop sending.
        head: header lines of every answer.
        draining: every answer closes its connection.
        connections: that are open.
    """

    app: App
    metrics: Metrics
    max_body: int
    request_seconds: float
    keep_alive_seconds: float
    head_seconds: float = 10.0
    linger_seconds: float = 3.0
    head: bytes = b""
    draining: bool = False
    connections: set[Connection] = field(default_factory=set)


class Connection(asyncio.Protocol):
    """One client.

    Args:
        shared: limits, and what answers.
        loop: runs it.
    """

    _transport: asyncio.Transport
    _reader: Reader

    def __init__(self, shared: Shared, loop: asyncio.AbstractEventLoop) -> None:
        self._shared = shared
        self._loop = loop
        self._whole: deque[Request] = deque()
        self._answering: Request | None = None
        self._blocked = False  # the client does not read its answers
        self._paused = False  # nothing is read
        self._connected = 0.0
        self._deadline = inf

    # asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected."""
        shared = self._shared
        self._transport = transport  # type: ignore[assignment] # TCP gives a full transport
        peer = transport.get_extra_info("peername")
        self._reader = Reader(
            self._whole,
            max_body=shared.max_body,
            seconds=shared.request_seconds,
            client=str(peer[0]) if peer else "",
            go_on=self._go_on,
        )
        self._connected = time.perf_counter()
        self._deadline = self._connected + shared.keep_alive_seconds
        shared.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 # why it was lost changes nothing
        """The client left, or was left."""
        self._shared.connections.discard(self)
        self._abandon()

    def eof_received(self) -> bool:
        """The client sends no more; what it already waits for is still written, if anybody reads it."""
        self._abandon()
        return self._answering is not None

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        reader = self._reader
        if reader.at_rest and self._answering is None and not self._blocked:
            request = reader.repeated(data)
            if request is not None:
                self._answer(request)
                return
        partial = reader.in_head or reader.in_body
        reader.feed(data)
        if self._whole:
            self._pump()
        elif self._answering is None and not partial:
            self._expect_the_rest()
        elif reader.in_body:
            self._deadline = min(self._deadline, reader.arrived + self._shared.request_seconds)

    def pause_writing(self) -> None:
        """The client does not read."""
        self._blocked = True
        self._read(on=False)
        self._deadline = time.perf_counter() + self._shared.request_seconds

    def resume_writing(self) -> None:
        """The client reads again."""
        self._blocked = False
        self._deadline = inf if self._answering else time.perf_counter() + self._shared.keep_alive_seconds
        self._read(on=True)
        self._pump()

    # answering

    def _pump(self) -> None:
        """Answer what is whole, until something has to wait."""
        while self._whole and self._answering is None and not self._blocked:
            self._answer(self._whole.popleft())
        if self._paused or len(self._whole) > MAX_AHEAD:
            self._read(on=len(self._whole) <= MAX_AHEAD and not self._blocked)

    def _answer(self, request: Request) -> None:
        """Start on an answer; most are there at once."""
        coroutine = self._shared.app.answer(request)
        try:
            waiting_for = coroutine.send(None)
        except StopIteration as end:
            self._send(request, end.value)
            return
        self._answering = request
        self._shared.metrics.in_flight += 1
        self._deadline = inf  # the request has its own
        follow(coroutine, waiting_for, self._loop, self._answered)

    def _answered(self, reply: Reply) -> None:
        """What had to wait is answered."""
        self._shared.metrics.in_flight -= 1
        request, self._answering = self._answering, None
        if request is None or self._transport.is_closing():
            return
        self._send(request, reply)
        self._pump()

    def _send(self, request: Request, reply: Reply) -> None:
        shared = self._shared
        status, lines, body = reply
        length = b"content-length: %d\r\n\r\n" % len(body)
        if request.method == b"HEAD":
            body = b""
        if request.keep_alive and not shared.draining:
            connection = b"" if request.version == "1.1" else _KEEP_ALIVE
            self._transport.write(
                b"".join((STATUS_LINES[status], lines, shared.head, connection, length, body))
            )
            self._deadline = time.perf_counter() + shared.keep_alive_seconds
            return
        self._transport.write(b"".join((STATUS_LINES[status], lines, shared.head, _CLOSE, length, body)))
        self._leave(refused=request.fault is not None)

    # waiting and ending

    def _leave(self, *, refused: bool) -> None:
        self._reader.deaf = True
        self._whole.clear()
        if refused and self._transport.can_write_eof():
            self._transport.write_eof()
            self._deadline = time.perf_counter() + self._shared.linger_seconds
        else:
            self._transport.close()

    def _expect_the_rest(self) -> None:
        """A request has begun: it has so long to become whole."""
        if self._reader.in_head:
            self._deadline = time.perf_counter() + self._shared.head_seconds
        elif self._reader.in_body:
            self._deadline = self._reader.arrived + self._shared.request_seconds

    def sweep(self, now: float) -> None:
        """Do what is due."""
        if now < self._deadline:
            return
        if self._reader.deaf or self._blocked:
            self._transport.abort()
        elif self._reader.in_head or self._reader.in_body:
            self._reader.refuse(SlowBody("the request did not arrive in time"))
            self._pump()
        else:
            self._transport.close()

    def close_if_idle(self, now: float) -> bool:
        """Close unless a request is here or in the socket's buffer; true when nothing is left to do."""
        if self._transport.is_closing():
            return True
        reader = self._reader
        young = not reader.arrived and now < self._connected + NEWCOMER_SECONDS
        if self._answering or self._whole or reader.in_head or reader.in_body or young or self._unread():
            return False
        self._transport.close()
        return True

    def abort(self) -> None:
        """Cut it off."""
        self._transport.abort()

    def _unread(self) -> bool:
        """True when the kernel holds bytes that the loop has not seen."""
        socket = self._transport.get_extra_info("socket")
        if socket is None or socket.fileno() < 0:
            return False
        found = fcntl.ioctl(socket.fileno(), termios.FIONREAD, b"\0" * 4)
        return bool(struct.unpack("i", found)[0])

    def _abandon(self) -> None:
        """Nobody waits for what is not answered yet."""
        self._whole.clear()
        if self._answering is not None:
            self._answering.gone = True
            self._answering.keep_alive = False

    def _go_on(self) -> None:
        """A client asks before it sends its body; one that sent requests ahead is not waiting for leave."""
        if self._answering is None and not self._whole:
            self._transport.write(_CONTINUE)

    def _read(self, *, on: bool) -> None:
        if on is self._paused and not self._transport.is_closing():
            self._paused = not on
            if on:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()
