"""The listener, from its first connection to its last answer.

uvicorn's own server closes its listener the moment it is asked to stop. In a cluster that loses requests:
for seconds after a pod is told to go, others still send to it. So the loop is ours:

1. lame duck: the listener stays open and everything is answered, each answer with `Connection: close`; 2.
the listener closes; connections that wait for nothing are closed, unless a request is already in their
buffer; 3. what is in flight is finished, up to the request's time; 4. whatever is left is cut off.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from email.utils import formatdate
from typing import TYPE_CHECKING

from uvicorn.config import Config
from uvicorn.server import ServerState

from slipway_runtime.errors import Failure, Reason
from slipway_runtime.rest.connection import Connection, Drain

if TYPE_CHECKING:
    from slipway_runtime.rest.app import App
    from slipway_runtime.rest.asgi import Headers

BACKLOG = 4096
TICK_SECONDS = 1.0
_LOG = logging.getLogger(__name__)


class HttpServer:
    """One listener and its connections.

    Args:
        app: answers requests.
        headers: sent with every answer.
        keep_alive_seconds: an idle connection is closed after this.
    """

    def __init__(self, app: App, headers: Headers, keep_alive_seconds: float) -> None:
        self._config = Config(
            app,  # type: ignore[arg-type] # ASGI's types differ in spelling only
            http=Connection,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=keep_alive_seconds,  # type: ignore[arg-type] # seconds go to call_later, fractions too
        )
        self._headers = headers
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # clients could fill the log with warnings
        self._state = ServerState()
        self._drain = Drain()
        self._listener: asyncio.Server | None = None
        self._ticker: asyncio.TimerHandle | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port.

        Raises:
            Failure: StartFailed; the port is taken or not ours to take.
        """
        self._config.load()
        self._tick()
        listening = bind(host, port)
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: Connection(self._config, self._state, self._drain), sock=listening, backlog=BACKLOG
        )
        found: int = listening.getsockname()[1]
        return found

    def begin_drain(self) -> None:
        """Step 1: every answer from now on closes its connection."""
        self._drain.draining = True
        for connection in self._connections():
            connection.announce_drain()

    async def finish(self, seconds: float) -> None:
        """Steps 2 to 4.

        Args:
            seconds: for what is in flight.
        """
        self.begin_drain()
        if self._listener is not None:
            self._listener.close()
        end = time.perf_counter() + seconds
        await asyncio.sleep(0)  # connections that were accepted in this round get their first read
        while self._close_idle():
            if time.perf_counter() > end:
                self._cut_off()
                break
            await asyncio.sleep(0.01)
        await asyncio.sleep(0)  # let the transports close
        if self._ticker is not None:
            self._ticker.cancel()

    def _close_idle(self) -> bool:
        """Close what waits for nothing; true when something is left."""
        left = [connection for connection in self._connections() if not connection.close_if_idle()]
        return bool(left)

    def _cut_off(self) -> None:
        connections = self._connections()
        _LOG.warning("time is over, connections are cut off", extra={"connections": len(connections)})
        for connection in connections:
            connection.transport.abort()

    def _connections(self) -> list[Connection]:
        return [found for found in self._state.connections if isinstance(found, Connection)]

    def _tick(self) -> None:
        """Once a second the Date header changes."""
        date = formatdate(usegmt=True).encode()
        self._state.default_headers = [(b"date", date), *self._headers]
        self._ticker = asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; without a host, on every IPv4 and IPv6 address.

    Raises:
        Failure: StartFailed.
    """
    try:
        if not host and socket.has_dualstack_ipv6():
            try:
                return socket.create_server(
                    ("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG
                )
            except OSError as error:
                _LOG.debug("no IPv6", extra={"errno": error.errno})
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise Failure(
            Reason.START_FAILED, f"cannot listen on {host or '*'}:{port}: {error.strerror or error}"
        ) from error
