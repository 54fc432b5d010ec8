"""How requests reach the server: a connection each, at once or slowly, or a pool of kept ones.

What a kept connection owes its user follows ordinary HTTP clients:

- Before a request is written, the pool looks whether the server has closed the idle connection
  meanwhile, and opens another one if so. Nothing was sent, so this is no retry. (urllib3's and
  httpcore's check before re-use; Go's read loop, which sees the end of an idle connection.)
- Once a byte is written, a POST is not sent again: urllib3 repeats only idempotent methods, Go
  only those or requests with an `Idempotency-Key`. That is `retry_stale=False`, the strict and
  default way: a connection that dies under a request is a failure, as it is for users.
- `retry_stale=True` does what curl does with any method, and Go with an idempotent one: the request
  is sent once more on a fresh connection if the old one had been used before and ended without a
  single byte of the answer. Such retries are counted.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Protocol

from openloop.connection import Connection, connect
from openloop.faults import RequestError
from openloop.http1 import Response

END_OF_HEAD = b"\r\n\r\n"


class Transport(Protocol):
    """Carries requests; counts what it took."""

    opened: int
    retried: int
    found_closed: int

    async def send(self, request: bytes) -> Response:
        """The whole answer. Raises RequestError."""

    def close(self) -> None:
        """Lets go of every connection."""


class NewConnections:
    """A connection for every request, closed by this side after the answer."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self.opened = 0
        self.retried = 0
        self.found_closed = 0

    async def send(self, request: bytes) -> Response:
        """Connect, send, read, close."""
        connection = await connect(*self._address)
        self.opened += 1
        try:
            return await connection.exchange(request)
        finally:
            connection.close()

    def close(self) -> None:
        """Nothing is kept."""


class SlowRequests:
    """A connection for every request, the second half of whose body follows after `seconds`.

    So a request is under way for longer than a server has to leave, without a slow model.
    """

    def __init__(self, host: str, port: int, *, seconds: float) -> None:
        self._address = (host, port)
        self._seconds = seconds
        self.opened = 0
        self.retried = 0
        self.found_closed = 0

    async def send(self, request: bytes) -> Response:
        """Connect, send head and half of the body, wait, send the rest, read, close."""
        connection = await connect(*self._address)
        self.opened += 1
        half = (request.index(END_OF_HEAD) + len(END_OF_HEAD) + len(request)) // 2
        try:
            connection.begin(request[:half])
            await asyncio.sleep(self._seconds)
            return await connection.exchange(request[half:])
        finally:
            connection.close()

    def close(self) -> None:
        """Nothing is kept."""


class KeepAlivePool:
    """`size` kept connections, used in turn; more are opened for a moment when all are busy.

    A free connection is the one that has been idle longest, and a new one is opened while fewer
    than `size` are open: so every one of them is in use all the time, spread over the servers.
    One idle for more than `idle_seconds` is not used again (Go: 90 s, httpx: 5 s).
    """

    def __init__(
        self, host: str, port: int, *, size: int = 16, idle_seconds: float = 90.0, retry_stale: bool = False
    ) -> None:
        self._address = (host, port)
        self._size = size
        self._idle_seconds = idle_seconds
        self._retry_stale = retry_stale
        self._idle: deque[Connection] = deque()
        self._busy = 0
        self.opened = 0
        self.retried = 0
        self.found_closed = 0

    async def send(self, request: bytes) -> Response:
        """Sends on a kept connection; see the module for what happens when that one has died."""
        self._busy += 1
        kept = self._take()
        try:
            if kept is None:
                return await self._exchange(await self._open(), request)
            try:
                return await self._exchange(kept, request)
            except RequestError as error:
                if error.answer_started or not self._retry_stale:
                    raise
                self.retried += 1
                return await self._exchange(await self._open(), request)
        finally:
            self._busy -= 1

    def close(self) -> None:
        """Closes what is idle; what is busy closes when it is given back."""
        self._size = 0
        while self._idle:
            self._idle.popleft().close()

    async def _open(self) -> Connection:
        connection = await connect(*self._address)
        self.opened += 1
        return connection

    async def _exchange(self, connection: Connection, request: bytes) -> Response:
        try:
            return await connection.exchange(request)
        finally:
            self._give_back(connection)

    def _take(self) -> Connection | None:
        """The connection idle longest that still lives, or None where a new one is due."""
        self._drop_dead()
        if len(self._idle) + self._busy <= self._size or not self._idle:
            return None
        return self._idle.popleft()

    def _drop_dead(self) -> None:
        oldest = time.perf_counter() - self._idle_seconds
        for _ in range(len(self._idle)):
            connection = self._idle.popleft()
            if connection.usable and connection.idle_since >= oldest:
                self._idle.append(connection)
                continue
            self.found_closed += not connection.usable
            connection.close()

    def _give_back(self, connection: Connection) -> None:
        if connection.usable and len(self._idle) < self._size:
            connection.idle_since = time.perf_counter()
            self._idle.append(connection)
        else:
            connection.close()
