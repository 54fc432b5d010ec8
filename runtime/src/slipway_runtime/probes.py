"""/livez, /readyz and /metrics, on a port and a thread of their own.

The event loop may be busy for a while and every engine thread for seconds; the kubelet and Prometheus still
get their answer, because this thread has its own small loop and the engines release the interpreter lock.
It speaks just enough HTTP/1.1: one request, one answer, close.
"""

from __future__ import annotations

import asyncio
import logging
from threading import Thread
from typing import TYPE_CHECKING

from slipway_runtime.telemetry.prometheus import CONTENT_TYPE

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

MAX_HEAD = 8192
HEAD_SECONDS = 5.0
_LOG = logging.getLogger(__name__)


class Probes:
    """The probe server.

    Args:
        ready: empty when ready, else what is missing.
        metrics: the text for Prometheus.
    """

    def __init__(self, ready: Callable[[], str], metrics: Callable[[], str]) -> None:
        self._ready = ready
        self._metrics = metrics

    def start(self, listening: socket.socket) -> None:
        """Answer on this socket from now on, until the process ends."""
        Thread(target=self._run, args=(listening,), name="probes", daemon=True).start()

    def answer(self, method: str, path: str) -> tuple[int, str, str]:
        """Status, content type and body."""
        if method not in ("GET", "HEAD"):
            return 405, "text/plain", "Method Not Allowed\n"
        if path == "/livez":
            return 200, "text/plain", "ok\n"
        if path == "/readyz":
            missing = self._ready()
            return (503, "text/plain", missing + "\n") if missing else (200, "text/plain", "ok\n")
        if path == "/metrics":
            return 200, CONTENT_TYPE, self._metrics()
        return 404, "text/plain", "this port answers /livez, /readyz and /metrics\n"

    def _run(self, listening: socket.socket) -> None:
        asyncio.run(self._serve(listening))

    async def _serve(self, listening: socket.socket) -> None:
        server = await asyncio.start_server(self._connected, sock=listening, limit=MAX_HEAD)
        async with server:
            await server.serve_forever()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._response(head.split(b"\r\n", 1)[0].decode("latin-1")))
                await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass  # not a probe
        finally:
            writer.close()

    def _response(self, line: str) -> bytes:
        method, _, rest = line.partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        try:
            status, kind, text = self.answer(method, path)
        except Exception:  # noqa: BLE001 # the probes' thread must outlive any fault
            _LOG.exception("a probe failed")
            status, kind, text = 500, "text/plain", "internal error: the server's log has it\n"
        body = text.encode()
        head = f"HTTP/1.1 {status} \r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n"
        return head.encode() + b"connection: close\r\n\r\n" + (b"" if method == "HEAD" else body)
