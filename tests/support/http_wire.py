"""HTTP bytes for tests of the connection layer, and the two ends of a connection without a network."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from slipway_runtime.rest.connection import Connection, Shared
from slipway_runtime.rest.reply import Reply
from slipway_runtime.rest.request import Request
from slipway_runtime.telemetry.metrics import Metrics

Answer = Callable[[Request], Coroutine[Any, Any, Reply]]


def post(body: bytes = b"{}", target: str = "/x", version: str = "1.1", **headers: str) -> bytes:
    """One POST; underscores in header names become dashes."""
    lines = [f"POST {target} HTTP/{version}", "Host: test", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunked(*chunks: bytes) -> bytes:
    """One POST whose body comes in chunks."""
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return b"POST /x HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"


def statuses(written: bytes) -> list[int]:
    """The status codes in a stream of answers, interim ones included."""
    return [int(part[:3]) for part in written.split(b"HTTP/1.1 ")[1:]]


@dataclass
class FakeTransport(asyncio.Transport):
    """What a connection writes, and whether it reads, ends and closes."""

    written: bytearray = field(default_factory=bytearray)
    reading: bool = True
    ended: bool = False
    closed: bool = False
    aborted: bool = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """A peer, and no socket to look into."""
        return ("192.0.2.7", 50_000) if name == "peername" else default

    def write(self, data: Any) -> None:
        """Keep it."""
        assert not self.closed, "written after the connection was closed"
        assert not self.ended, "written after the end of the stream"
        self.written += data

    def is_closing(self) -> bool:
        """Closed or cut off."""
        return self.closed

    def close(self) -> None:
        """Close politely."""
        self.closed = True

    def abort(self) -> None:
        """Cut off."""
        self.closed = self.aborted = True

    def can_write_eof(self) -> bool:
        """TCP can."""
        return True

    def write_eof(self) -> None:
        """End our half."""
        self.ended = True

    def is_reading(self) -> bool:
        """Not paused."""
        return self.reading

    def pause_reading(self) -> None:
        """Read nothing more."""
        assert self.reading, "paused twice"
        self.reading = False

    def resume_reading(self) -> None:
        """Read again."""
        assert not self.reading, "resumed twice"
        self.reading = True


@dataclass
class ScriptedApp:
    """Answers with the body it got; `/wait…` waits for its gate first."""

    seen: list[Request] = field(default_factory=list)
    gates: dict[bytes, asyncio.Event] = field(default_factory=dict)

    async def answer(self, request: Request) -> Reply:
        """One reply."""
        self.seen.append(request)
        if request.fault is not None:
            return Reply(
                {"BodyTooLarge": 413, "HeadersTooLarge": 431, "SlowBody": 408}.get(
                    type(request.fault).__name__, 400
                ),
                b"",
                str(request.fault).encode(),
            )
        if request.target.startswith(b"/wait"):
            await self.gates.setdefault(request.target, asyncio.Event()).wait()
        return Reply(200, b"", request.target + b" " + request.body)

    def open(self, target: bytes) -> None:
        """Let a waiting request go on."""
        self.gates.setdefault(target, asyncio.Event()).set()


class Wire:
    """A connection, its transport and its application.

    Args:
        limits: of Shared.
    """

    def __init__(self, **limits: Any) -> None:
        self.app = ScriptedApp()
        settings = {"max_body": 1000, "request_seconds": 60.0, "keep_alive_seconds": 75.0, **limits}
        self.shared = Shared(self.app, Metrics(), **settings)  # type: ignore[arg-type] # answers like an App
        self.transport = FakeTransport()
        self.connection = Connection(self.shared, asyncio.get_running_loop())
        self.connection.connection_made(self.transport)

    def feed(self, *chunks: bytes) -> bytes:
        """Bytes from the client; returns what was written since the last call."""
        for chunk in chunks:
            self.connection.data_received(chunk)
        return self.taken()

    def taken(self) -> bytes:
        """What was written since the last call."""
        written = bytes(self.transport.written)
        self.transport.written.clear()
        return written

    def later(self, seconds: float) -> bytes:
        """The sweep, so much later; returns what was written."""
        self.connection.sweep(time.perf_counter() + seconds)
        return self.taken()


async def turns(count: int = 5) -> None:
    """Let tasks that can go on do so."""
    for _ in range(count):
        await asyncio.sleep(0)
