"""A server that does nothing: each POST gets the same answer. What that takes is the machine's doing.

python server.py PORT ANSWER_FILE
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import cast

import uvloop

READY = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


def answering(body: bytes) -> type[asyncio.Protocol]:
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
                self._transport.write(answer)

    return Answering


async def main(port: int, answer: bytes) -> None:
    """Serves until it is ended."""
    server = await asyncio.get_running_loop().create_server(answering(answer), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), Path(sys.argv[2]).read_bytes()))
