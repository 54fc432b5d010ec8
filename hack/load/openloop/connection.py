"""One TCP connection that carries one request at a time.

The socket's callbacks drive the parser; whoever sent the request awaits a future. What happens to
the connection while nobody waits decides whether it may be used again: an end, a reset or a stray
byte in that time makes it unusable, and the next user sees that before writing anything.
"""

from __future__ import annotations

import asyncio
from typing import cast

from openloop.faults import Fault, RequestError, from_os_error
from openloop.http1 import MalformedError, Response, ResponseParser


class Connection(asyncio.Protocol):
    """Make one with `connect`."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = ResponseParser()
        self._waiter: asyncio.Future[Response] | None = None
        self.usable = False
        self.idle_since = 0.0

    async def exchange(self, request: bytes) -> Response:
        """Sends `request`, returns its whole answer. Raises RequestError."""
        transport = self._transport
        if not self.usable or transport is None:
            raise RequestError(Fault.CLOSED, "the connection had ended before the request was written")
        self.usable = False
        self._parser = ResponseParser()
        self._waiter = asyncio.get_running_loop().create_future()
        transport.write(request)
        try:
            response = await self._waiter
        finally:
            self._waiter = None
        self.usable = response.keep_alive and not transport.is_closing()
        return response

    def begin(self, part: bytes) -> None:
        """Sends the first part of a request whose rest goes through `exchange`. Raises RequestError."""
        if not self.usable or self._transport is None:
            raise RequestError(Fault.CLOSED, "the connection had ended before the request was begun")
        self._transport.write(part)

    def close(self) -> None:
        """Ends the connection in good order; harmless twice."""
        self.usable = False
        if self._transport is not None:
            self._transport.close()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is connected."""
        self._transport = cast("asyncio.Transport", transport)  # asyncio's own promise for TCP
        self.usable = True

    def data_received(self, received: bytes) -> None:
        """Bytes of the awaited answer, or stray ones, which spoil the connection."""
        if self._waiter is None or self._waiter.done():
            self.close()
            return
        try:
            response = self._parser.feed(received)
        except MalformedError as error:
            self._fail(RequestError(Fault.MALFORMED, str(error), answer_started=True))
            return
        if response is not None:
            self._waiter.set_result(response)

    def eof_received(self) -> None:
        """The server has said all it will say; asyncio closes the transport on return."""
        self.usable = False
        if self._waiter is None or self._waiter.done():
            return
        try:
            response = self._parser.eof()
        except MalformedError as error:
            self._fail(RequestError(Fault.MALFORMED, str(error), answer_started=True))
            return
        if response is not None:
            self._waiter.set_result(response)
            return
        come = "in the middle of the answer" if self._parser.started else "before any byte of the answer"
        text = f"connection closed {come}"
        self._fail(RequestError(Fault.CLOSED, text, answer_started=self._parser.started))

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self.usable = False
        if self._waiter is None or self._waiter.done():
            return
        error = exc if isinstance(exc, OSError) else ConnectionResetError("connection lost")
        self._fail(from_os_error(error, answer_started=self._parser.started))

    def _fail(self, error: RequestError) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)
        self.close()


async def connect(host: str, port: int) -> Connection:
    """A fresh connection. Raises RequestError."""
    loop = asyncio.get_running_loop()
    try:
        _, connection = await loop.create_connection(Connection, host, port)
    except OSError as error:
        raise from_os_error(error) from error
    return connection
