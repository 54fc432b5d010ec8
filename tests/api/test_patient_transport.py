"""The tests' own client does what Kubernetes asks of clients while an API server starts."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import httpx
import pytest

from patient_transport import Patient


class Starting(BaseHTTPRequestHandler):
    """Refuses two requests, then echoes."""

    refused: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        """One request."""
        body = self.rfile.read(int(self.headers["content-length"]))
        is_early = len(self.refused) < 2
        if is_early:
            self.refused.append(self.path)
        self.send_response(429 if is_early else 200)
        self.send_header("retry-after", "0")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def url() -> Iterator[str]:
    """Of a server that is not ready yet."""
    Starting.refused.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Starting) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_request_is_sent_again_whole_until_the_server_is_ready(url: str) -> None:
    """A proof over an outage must not end because an API server that is back needs a second more."""
    with httpx.Client(transport=Patient(), trust_env=False) as client:
        answer = client.post(url, content=b"the body")
    assert (answer.status_code, answer.content, len(Starting.refused)) == (200, b"the body", 2)
