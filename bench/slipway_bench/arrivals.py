"""Open-loop load: requests leave at a fixed rate, whatever the server does.

    python -m slipway_bench.arrivals PORT PATH BODY RATE SECONDS

Latency counts from the moment a request was meant to leave, so a stall shows in every request that it
delayed: a stall of the server. Where the generator itself stood still, because somebody else had its core,
it would see answers late that were not: they are left out, and what was not sent yet is due so much later.
The cluster tests' generator costs more for a request than the server does; this one reads answers' values
only when it has not seen these bytes before, and never sleeps: it has a core for itself. Prints figures as
JSON.
"""

from __future__ import annotations

import gc
import json
import math
import selectors
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slipway_bench.figures import of_times
from slipway_bench.wire import TOLERANCE

CONNECTIONS = 64
WARM_UP = 0.2  # of the run: sent, not counted
PATIENCE_SECONDS = 5.0
STALL_SECONDS = 50e-6  # off the core for longer than this


class Pace:
    """When requests are due, and which of them tell of the server.

    Args:
        rate: requests per second.
        clock: seconds, monotonic.
        own: seconds of CPU that the calling thread has had.
    """

    def __init__(
        self,
        rate: float,
        clock: Callable[[], float] = time.perf_counter,
        own: Callable[[], float] = time.thread_time,
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._own = own
        self._begun = self._looked = self._stalled = 0.0
        self._had = 0.0

    def begin(self) -> float:
        """The first request is due now; returns the time."""
        self._begun = self._looked = self._clock()
        self._had = self._own()
        return self._begun

    def look(self) -> float:
        """The time; what this program was kept from since it last looked is made up for."""
        now, had = self._clock(), self._own()
        stood = (now - self._looked) - (had - self._had)
        if stood > STALL_SECONDS:
            self._begun += stood
            self._stalled = now
        self._looked, self._had = now, had
        return now

    def due(self, number: int) -> float:
        """When the request of this number is to leave."""
        return self._begun + number / self._rate

    def counts(self, due: float) -> bool:
        """False for a request that was under way when this program stood still."""
        return due > self._stalled


class Arrivals:
    """One run.

    Args:
        port: on loopback.
        request: head and body.
        rate: requests per second.
        seconds: length.
    """

    def __init__(self, port: int, request: bytes, rate: float, seconds: float) -> None:
        self._request = request
        self._pace = Pace(rate)
        self._total = int(rate * seconds)
        self._selector = selectors.DefaultSelector()
        self._idle = deque(self._connect(port) for _ in range(CONNECTIONS))
        self._due: dict[socket.socket, float] = {}
        self._first = self._first_answer(self._idle[0])
        self._right = {self._first}
        self.times: list[float] = []

    def run(self) -> float:
        """Send everything, wait for everything; returns how long it took."""
        sent, pace = 0, self._pace
        begun = pace.begin()
        while sent < self._total or self._due:
            now = pace.look()
            while sent < self._total and self._idle and now >= (due := pace.due(sent)):
                self._send(due)
                sent += 1
            for key, _ in self._selector.select(0):
                self._receive(key.fileobj)  # type: ignore[arg-type] # only sockets are registered
            assert now < pace.due(self._total) + PATIENCE_SECONDS, "answers are missing"
        return time.perf_counter() - begun

    def _send(self, due: float) -> None:
        connection = self._idle.popleft()
        connection.send(self._request)
        self._due[connection] = due

    def _receive(self, connection: socket.socket) -> None:
        answer = connection.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 200 "), answer[:200]
        body = answer.partition(b"\r\n\r\n")[2]
        if body not in self._right:
            assert same(json.loads(self._first), json.loads(body)), answer[-200:]
            self._right.add(body)
        due = self._due.pop(connection)
        if self._pace.counts(due):
            self.times.append(time.perf_counter() - due)
        self._idle.append(connection)

    def _connect(self, port: int) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(connection, selectors.EVENT_READ)
        return connection

    def _first_answer(self, connection: socket.socket) -> bytes:
        connection.sendall(self._request)
        return connection.recv(65_536).partition(b"\r\n\r\n")[2]


def same(expected: Any, found: Any) -> bool:
    """Equal but for the last digits of floats: rows that share a run are added up in another order."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(same(expected[key], found[key]) for key in expected)
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(same, expected, found))
    if isinstance(expected, float) and isinstance(found, float):
        return math.isclose(expected, found, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(expected == found)


def main(port: str, path: str, body: str, rate: str, seconds: str) -> None:
    """Run it and print what it showed."""
    content = Path(body).read_bytes()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    gc.disable()
    run = Arrivals(int(port), head.encode() + content, float(rate), float(seconds))
    elapsed = run.run()
    counted = run.times[int(WARM_UP * len(run.times)) :]
    sent = float(rate) * float(seconds) / elapsed
    sys.stdout.write(json.dumps(vars(of_times(counted, elapsed)) | {"rate": sent}))


if __name__ == "__main__":
    main(*sys.argv[1:])
