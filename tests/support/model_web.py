"""A web server on loopback that answers as a test says: wrong statuses, cut bodies, redirects, silence.

A test hands it a function from the request to an `Answer`. Every request that arrived is kept, so that a
test can also say what must not have been sent.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LONGEST_HOLD = 30.0
"""Seconds after which a held answer goes on by itself, so that a failed test ends."""


@dataclass(frozen=True)
class Request:
    """What a client sent."""

    method: str
    target: str
    headers: Mapping[str, str]
    """Names in lower case."""

    @property
    def text(self) -> str:
        """All of it, for a search."""
        return f"{self.method} {self.target} {dict(self.headers)}"


@dataclass(frozen=True)
class Answer:
    """What goes back.

    `declared` is a Content-Length that may lie; None leaves it out and closes the connection instead.
    `hold` is waited for after the headers and half of the body went out.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    declared: int | None = -1
    hold: threading.Event | None = None


class ModelWeb:
    """The server; `requests` in order of arrival, `half_sent` once a held answer is half out."""

    def __init__(
        self, answer: Callable[[Request], Answer], host: str, tls: ssl.SSLContext | None = None
    ) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self.half_sent = threading.Event()
        self._server = ThreadingHTTPServer((host, 0), self._handler())
        if tls:
            # The handshake is the conversation's first step, so that a client that refuses holds up nobody.
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )

    @property
    def authority(self) -> str:
        """Host and port."""
        return "{}:{}".format(*self._server.server_address[:2])

    def url(self, path: str = "/model.onnx") -> str:
        """A URL at this server."""
        return f"http://{self.authority}{path}"

    def serve(self) -> None:
        """Until `close`."""
        self._server.serve_forever(poll_interval=0.01)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # the library's name
                web._converse(self)

            def do_HEAD(self) -> None:  # the library's name
                web._converse(self)

            def handle(self) -> None:
                # A client that hangs up in the middle, or refuses our certificate, is what some tests want.
                with suppress(OSError):
                    super().handle()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # the library's signature
                pass

        return Handler

    def _converse(self, handler: BaseHTTPRequestHandler) -> None:
        request = Request(handler.command, handler.path, {k.lower(): v for k, v in handler.headers.items()})
        self.requests.append(request)
        answer = self.answer(request)
        handler.send_response(answer.status)
        for name, text in answer.headers.items():
            handler.send_header(name, text)
        if answer.declared is not None:
            declared = len(answer.body) if answer.declared < 0 else answer.declared
            handler.send_header("Content-Length", str(declared))
        handler.end_headers()
        handler.close_connection = answer.declared is None or answer.declared >= 0
        if handler.command == "HEAD":
            return
        try:
            half = len(answer.body) // 2 if answer.hold else 0
            handler.wfile.write(answer.body[:half])
            if answer.hold:
                handler.wfile.flush()
                self.half_sent.set()
                answer.hold.wait(LONGEST_HOLD)
            handler.wfile.write(answer.body[half:])
        except ConnectionError:
            handler.close_connection = True  # the client left, as some tests want


@contextmanager
def model_web(
    answer: Callable[[Request], Answer] | Answer,
    *,
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
) -> Iterator[ModelWeb]:
    """A running server."""
    web = ModelWeb((lambda _: answer) if isinstance(answer, Answer) else answer, host, tls)
    thread = threading.Thread(target=web.serve)
    thread.start()
    try:
        yield web
    finally:
        web.close()
        thread.join()
