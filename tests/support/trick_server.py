"""A small inference server that misbehaves on purpose, for tests of the load generator.

The model `first` answers x + 0.5, `second` x + 100. A `Trick` says what the server does with one
request; tests hand it a function from the request's number (from 0) to its trick.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

INPUTS = [1.0, 2.0, 3.0]
SHIFT = {"first": 0.5, "second": 100.0}


@dataclass(frozen=True, kw_only=True)
class Trick:
    """What the server does with one request; all defaults together are a right answer."""

    delay: float = 0.0
    model: str = "first"
    revision: str | None = "rev-first"
    status: str = "200 OK"
    answer_id: str | None = None
    raw: bytes | None = None
    reset: bool = False
    cut_at: int | None = None
    close_after: bool = False
    say_close: bool = False


Tricks = Callable[[int], Trick]


@dataclass
class TrickServer:
    """Answers on loopback; the counters say what came."""

    tricks: Tricks
    port: int = 0
    requests: int = 0
    at_once: int = 0
    most_at_once: int = 0
    connections: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        self.connections += 1
        self.writers.append(writer)
        try:
            while not writer.is_closing():
                await self._one(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = await _read_request(reader)
        trick = self.tricks(self.requests)
        self.requests += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(trick.delay)
            _answer(writer, body, trick)
        finally:
            self.at_once -= 1

    def hang_up(self) -> None:
        """Closes every connection in good order."""
        for writer in self.writers:
            writer.close()


async def _read_request(reader: asyncio.StreamReader) -> dict[str, Any]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    [length] = [line for line in head.split("\r\n") if line.lower().startswith("content-length")]
    body: dict[str, Any] = json.loads(await reader.readexactly(int(length.split(":")[1])))
    return body


def _answer(writer: asyncio.StreamWriter, body: dict[str, Any], trick: Trick) -> None:
    if trick.reset:
        transport = writer.transport
        transport.abort()
        return
    whole = trick.raw if trick.raw is not None else _whole(body, trick)
    writer.write(whole[: trick.cut_at])
    if trick.cut_at is not None or trick.close_after or trick.say_close:
        writer.close()


def _whole(body: dict[str, Any], trick: Trick) -> bytes:
    value = body["inputs"][0]["data"][0] + SHIFT[trick.model]
    outputs = [{"name": "y", "shape": [1], "datatype": "FP32", "data": [value]}]
    payload = json.dumps({"id": trick.answer_id or body["id"], "outputs": outputs}).encode()
    lines = [f"HTTP/1.1 {trick.status}", f"Content-Length: {len(payload)}"]
    lines += [f"x-slipway-revision: {trick.revision}"] if trick.revision else []
    lines += ["Connection: close"] if trick.say_close else []
    return "\r\n".join([*lines, "", ""]).encode() + payload


def expectation_json() -> dict[str, Any]:
    """The expectation file of both models."""
    return {
        "path": "/v2/models/shift/infer",
        "samples": [[{"name": "x", "shape": [1], "datatype": "FP32", "data": [x]}] for x in INPUTS],
        "models": [
            {"name": name, "outputs": [{"y": [x + shift]} for x in INPUTS]} for name, shift in SHIFT.items()
        ],
    }
