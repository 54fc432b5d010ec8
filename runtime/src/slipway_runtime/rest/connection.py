"""One HTTP/1.1 connection: uvicorn's protocol, and what it lacks.

- Draining: every answer says `Connection: close`, so that clients and proxies reconnect, and reach another
  pod.
- Limits on the head: 16 kB, and ten seconds for it to arrive. Before its first request, a connection may
  idle as long as between two.
- Faults below HTTP are answered as JSON too.
"""

from __future__ import annotations

import fcntl
import struct
import termios
from typing import TYPE_CHECKING, Any

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from slipway_runtime.errors import HeadersTooLarge, InvalidRequest
from slipway_runtime.rest.asgi import EXCHANGE
from slipway_runtime.rest.errors import STATUS

if TYPE_CHECKING:
    import asyncio

    from uvicorn.config import Config
    from uvicorn.server import ServerState

MAX_HEAD = 16 * 1024
HEAD_SECONDS = 10.0
NEWCOMER_SECONDS = 0.5  # a connection this young has its first request on the way


class Drain:
    """Shared by all connections: are we on our way out?"""

    __slots__ = ("draining",)

    def __init__(self) -> None:
        self.draining = False


class Connection(HttpToolsProtocol):
    """One client.

    Args:
        config: uvicorn's.
        state: uvicorn's, shared by all connections.
        drain: ours, shared by all connections.
    """

    def __init__(self, config: Config, state: ServerState, drain: Drain) -> None:
        super().__init__(config, state, {})
        self._drain = drain
        self._connected = 0.0
        self._in_head = False
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected: it may idle before its first request, not for ever."""
        super().connection_made(transport)  # type: ignore[arg-type] # TCP gives a full transport
        self._connected = self.loop.time()
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """The client left, or was left."""
        self._stop_head_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; watch the head while it is not whole.

        The chunk that a head begins in is not counted: it may hold the end of another request's body.
        """
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if not self._in_head:
            if self._head_timer is not None:
                self._stop_head_timer()
            return
        if self._head_bytes > MAX_HEAD:
            self._refuse(HeadersTooLarge, f"request line and headers are longer than {MAX_HEAD} bytes")
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        """A request's head is whole: hand it on, with our view of it."""
        self._in_head = False
        size = len(self.url)
        for name, value in self.headers:
            size += len(name) + len(value)
        if size > MAX_HEAD:
            self._refuse(HeadersTooLarge, f"request line and headers are longer than {MAX_HEAD} bytes")
            return
        super().on_headers_complete()
        self.scope["extensions"] = {EXCHANGE: self.cycle}
        if self._drain.draining:
            self.cycle.keep_alive = False

    def announce_drain(self) -> None:
        """A request that is being answered is the last of its connection, if its answer has not begun."""
        if self.cycle is not None and not self.cycle.response_started:
            self.cycle.keep_alive = False

    def close_if_idle(self) -> bool:
        """Close unless a request is here or in the socket's buffer; true when nothing is left to do."""
        if self.transport.is_closing():
            return True
        if self.cycle is None and self.loop.time() < self._connected + NEWCOMER_SECONDS:
            return False
        if (self.cycle is not None and not self.cycle.response_complete) or self._in_head or self._unread():
            return False
        self.transport.close()
        return True

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 # uvicorn's text says less
        """What the parser cannot read."""
        self._refuse(InvalidRequest, "this is not HTTP/1.1")

    def _unread(self) -> bool:
        """True when the kernel holds bytes that the loop has not seen."""
        try:
            found = fcntl.ioctl(self.transport.get_extra_info("socket").fileno(), termios.FIONREAD, b"\0" * 4)
        except (OSError, ValueError):
            return False
        return bool(struct.unpack("i", found)[0])

    def _head_is_late(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.close()

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, kind: type[Any], text: str) -> None:
        """Answer below ASGI and close."""
        if self.transport.is_closing():
            return
        body = orjson.dumps({"error": text})
        head = [STATUS_LINE[STATUS[kind]]]
        for name, value in self.server_state.default_headers:
            head += [name, b": ", value, b"\r\n"]
        head += [b"content-type: application/json\r\nconnection: close\r\ncontent-length: "]
        self.transport.write(b"".join([*head, str(len(body)).encode(), b"\r\n\r\n", body]))
        self.transport.close()
