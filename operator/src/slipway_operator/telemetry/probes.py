"""`/livez`, `/readyz` and `/metrics` on one port, in a thread of its own.

A thread, so that the answer does not depend on the event loop it judges.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from slipway_operator.telemetry.health import Health

TEXT: Final = "text/plain; charset=utf-8"
Answer = tuple[int, str, bytes]
"""Status, content type, body."""


class ProbeServer:
    """Serves from `start()` to `stop()`; port 0 takes a free one, `port` says which."""

    def __init__(self, health: Health, registry: CollectorRegistry, *, host: str = "", port: int) -> None:
        pages: dict[str, Callable[[str], Answer]] = {
            "/livez": lambda _: _verdict(health.not_alive()),
            "/readyz": lambda _: _verdict(health.not_ready()),
            "/metrics": lambda accept: _metrics(registry, accept),
        }
        self._server = _Server((host, port), _handler(pages))
        self._thread = Thread(target=self._server.serve_forever, name="probes", daemon=True)

    @property
    def port(self) -> int:
        """The port that is served."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Serves until stopped; does not block."""
        self._thread.start()

    def stop(self) -> None:
        """Closes the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    """Without a host, on every address of both families: pods may have IPv6 alone."""

    daemon_threads = True

    def server_bind(self) -> None:
        if not self.server_address[0] and socket.has_dualstack_ipv6():
            self.socket.close()
            self.socket = socket.create_server(
                self.server_address[:2], family=socket.AF_INET6, dualstack_ipv6=True, backlog=0
            )
            self.server_address = self.socket.getsockname()[:2]
            self.server_name, self.server_port = "", self.server_address[1]
        else:
            super().server_bind()


def _verdict(reasons: list[str]) -> Answer:
    return (503, TEXT, "\n".join([*reasons, ""]).encode()) if reasons else (200, TEXT, b"ok\n")


def _metrics(registry: CollectorRegistry, accept: str) -> Answer:
    encode, content_type = choose_encoder(accept)
    return 200, content_type, encode(registry)


def _handler(pages: dict[str, Callable[[str], Answer]]) -> type[BaseHTTPRequestHandler]:
    class Pages(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10.0  # a client that stays silent does not keep its thread

        def do_GET(self) -> None:
            page = pages.get(self.path.partition("?")[0])
            missing: Answer = (404, TEXT, b"there are /livez, /readyz and /metrics\n")
            status, content_type, body = page(self.headers.get("Accept", "")) if page else missing
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
            del format, args  # a probe every few seconds is no news

    return Pages
