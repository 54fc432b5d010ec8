"""A server that only counts: each POST gets the same answer after a steady amount of work.

python server.py PORT ANSWER_FILE SECONDS

It counts for about SECONDS of processor time, as fast as the machine was in the second before it began to
listen. The work is the same for each request, and nothing of it touches memory: whatever makes its latencies
uneven is the machine's doing (a core that is taken away, or is slower for a while because somebody else
computes on its other half), or that of the queue before any server that is so busy.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from pathlib import Path
from typing import cast

import uvloop

TRY = 10_000
TRYING_SECONDS = 1.0
SOCKET_SECONDS = 30e-6  # reading and writing, which it does besides
READY = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


def count(steps: int) -> None:
    """Work."""
    for _ in range(steps):
        pass


def steps_in(seconds: float) -> int:
    """How far it counts in so many seconds of its processor, by the median of many tries."""
    took = []
    end = time.monotonic() + TRYING_SECONDS
    while time.monotonic() < end:
        begun = time.process_time()
        count(TRY)
        took.append(time.process_time() - begun)
    return round(seconds / statistics.median(took) * TRY)


def answering(body: bytes, steps: int) -> type[asyncio.Protocol]:
    """A protocol for requests that fit into one packet, as the benchmark's do."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    answer = head.encode() + body

    class Answering(asyncio.Protocol):
        """One connection."""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            """Keeps the way back."""
            self._transport = cast("asyncio.Transport", transport)

        def data_received(self, data: bytes) -> None:
            """Answers once the body's end is there."""
            if data.startswith(b"GET"):
                self._transport.write(READY)
            elif data.endswith(b"}"):
                count(steps)
                self._transport.write(answer)

    return Answering


async def main(port: int, answer: bytes, seconds: float) -> None:
    """Serves until it is ended."""
    protocol = answering(answer, steps_in(max(0.0, seconds - SOCKET_SECONDS)))
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), Path(sys.argv[2]).read_bytes(), float(sys.argv[3])))
