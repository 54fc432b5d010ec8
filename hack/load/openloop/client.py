"""How one request is asked and its answer judged, whatever protocol carries it."""

from __future__ import annotations

from typing import Protocol

from openloop.expect import Expectations
from openloop.transport import Transport


class Client(Protocol):
    """Asks; counts what that took."""

    @property
    def opened(self) -> int:
        """Connections opened so far."""

    @property
    def retried(self) -> int:
        """Requests sent a second time."""

    @property
    def found_closed(self) -> int:
        """Kept connections that the server had closed while they were idle."""

    async def ask(self, sample: int, request_id: str) -> str:
        """The revision that answered rightly. Raises RequestError."""

    def close(self) -> None:
        """Lets go of every connection."""


class HttpClient:
    """The Open Inference Protocol in JSON over a transport."""

    def __init__(self, host: str, expectations: Expectations, transport: Transport) -> None:
        self._head = _head(host, expectations.path)
        self._expectations = expectations
        self._transport = transport

    @property
    def opened(self) -> int:
        """See Client."""
        return self._transport.opened

    @property
    def retried(self) -> int:
        """See Client."""
        return self._transport.retried

    @property
    def found_closed(self) -> int:
        """See Client."""
        return self._transport.found_closed

    async def ask(self, sample: int, request_id: str) -> str:
        """See Client."""
        body = self._expectations.body(sample, request_id)
        response = await self._transport.send(self._head % len(body) + body)
        return self._expectations.judge(sample, request_id, response)

    def close(self) -> None:
        """See Client."""
        self._transport.close()


def _head(host: str, path: str) -> bytes:
    lines = (
        f"POST {path} HTTP/1.1",
        f"Host: {host}",
        "Content-Type: application/json",
        "Accept: application/json",
        "User-Agent: slipway-openloop",
        "Content-Length: %d",
    )
    return "\r\n".join((*(line.replace("%", "%%") for line in lines[:-1]), lines[-1], "", "")).encode()
