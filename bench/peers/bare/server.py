"""A server that only spins: each POST gets the same answer after a steady amount of processor time.

python server.py PORT ANSWER_FILE SECONDS

SECONDS of processor time are used for each request, all told: what reading and writing took is taken off the
spinning. So whatever makes its latencies uneven is the machine's doing, or that of the queue before it.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import cast

import uvloop

READY = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


class Budget:
    """Processor time: so much for each request."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._spent = 0.0

    def spend(self) -> None:
        """Spin until one more request's share is used."""
        now = time.process_time()
        self._spent = max(self._spent, now - self._seconds) + self._seconds
        while time.process_time() < self._spent:
            pass


def answering(body: bytes, budget: Budget) -> type[asyncio.Protocol]:
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
                budget.spend()
                self._transport.write(answer)

    return Answering


async def main(port: int, answer: bytes, seconds: float) -> None:
    """Serves until it is ended."""
    protocol = answering(answer, Budget(seconds))
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), Path(sys.argv[2]).read_bytes(), float(sys.argv[3])))
