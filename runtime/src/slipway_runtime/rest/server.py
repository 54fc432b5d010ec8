"""Listeners, from their first connection to its last answer.

Servers close their listener the moment they are asked to stop. In a cluster that loses requests: for
seconds after a pod is told to go, others still send to it. Here the end has four steps:

1. lame duck: the listener stays open and everything is answered, each answer with `Connection: close`, so
   that clients and proxies reconnect and reach another pod; 2. the listener closes, and connections that
   wait for nothing are closed, unless a request is already in their buffer; 3. what is in flight is
   finished, up to the request's time; 4. whatever is left is cut off.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from typing import TYPE_CHECKING

from slipway_runtime.errors import Failure, Reason
from slipway_runtime.rest.connection import Connection

if TYPE_CHECKING:
    from slipway_runtime.rest.connection import Shared

BACKLOG = 4096
TICK_SECONDS = 1.0
LOOK_SECONDS = 0.01
_DATE = "date: %a, %d %b %Y %H:%M:%S GMT\r\n"  # the C locale, which nobody changes here
_LOG = logging.getLogger(__name__)


class HttpServer:
    """Listeners and their connections.

    Args:
        shared: what connections need.
        head: header lines of every answer, besides the date.
    """

    def __init__(self, shared: Shared, head: bytes) -> None:
        self._shared = shared
        self._head = head
        self._listeners: list[asyncio.Server] = []
        self._ticker: asyncio.TimerHandle | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port. May be called again for another one.

        Raises:
            Failure: StartFailed; the port is taken or not ours to take.
        """
        loop = asyncio.get_running_loop()
        if self._ticker is None:
            self._tick(loop)
        listening = bind(host, port)
        self._listeners.append(
            await loop.create_server(lambda: Connection(self._shared, loop), sock=listening, backlog=BACKLOG)
        )
        found: int = listening.getsockname()[1]
        return found

    def begin_drain(self) -> None:
        """Step 1: every answer from now on closes its connection."""
        self._shared.draining = True

    async def finish(self, seconds: float) -> None:
        """Steps 2 to 4.

        Args:
            seconds: for what is in flight.
        """
        self.begin_drain()
        for listener in self._listeners:
            listener.close()
        end = time.perf_counter() + seconds
        while self._close_idle():
            if time.perf_counter() > end:
                self._cut_off()
                break
            await asyncio.sleep(LOOK_SECONDS)
        if self._ticker is not None:
            self._ticker.cancel()

    def _close_idle(self) -> int:
        """Close what waits for nothing; returns how many are left."""
        now = time.perf_counter()
        return sum(not connection.close_if_idle(now) for connection in list(self._shared.connections))

    def _cut_off(self) -> None:
        connections = list(self._shared.connections)
        _LOG.warning("time is over, connections are cut off", extra={"connections": len(connections)})
        for connection in connections:
            connection.abort()

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        """Once a second: the date changes, and connections whose time is over are told."""
        self._shared.head = self._head + time.strftime(_DATE, time.gmtime()).encode()
        now = time.perf_counter()
        for connection in list(self._shared.connections):
            connection.sweep(now)
        self._ticker = loop.call_later(TICK_SECONDS, self._tick, loop)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; without a host, on every IPv4 and IPv6 address.

    Raises:
        Failure: StartFailed.
    """
    try:
        if not host and socket.has_dualstack_ipv6():
            return socket.create_server(
                ("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG
            )
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise Failure(
            Reason.START_FAILED, f"cannot listen on {host or '*'}:{port}: {error.strerror or error}"
        ) from error
