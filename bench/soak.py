"""Does the server's memory stay flat? Mixed load over every protocol, each answer checked.

    python bench/soak.py [--requests 1000000] [--first 10000] [--bar 1.05]

Requests differ in protocol, number of rows, values and, now and then, in being wrong, because leaks hide in
what is rare. Resident memory is read after the first requests, when buffers and caches have their size, and
then ten times up to the end. Exit status: 0 flat, 1 it grew beyond the bar, 2 an answer was wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from slipway_bench.soak_clients import MODEL, Client, GrpcClient, HttpClient, save_model

CLIENTS = 12
START_SECONDS = 60.0
READINGS = 10


@dataclass(frozen=True)
class Ports:
    """Of the server under test."""

    http: int
    grpc: int
    probe: int


def main() -> int:
    """Run, print the readings, judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=1_000_000, help="in all (1000000)")
    parser.add_argument("--first", type=int, default=10_000, help="before the first reading (10000)")
    parser.add_argument("--bar", type=float, default=1.05, help="last reading over the first (1.05)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(save_model(Path(folder))) as ports:
        clients = [*(HttpClient(ports.http, number) for number in range(CLIENTS)), GrpcClient(ports.grpc)]
        try:
            readings = uvloop.run(soak(clients, ports.probe, arguments.first, arguments.requests))
        except AssertionError as wrong:
            print(f"soak: {wrong}", file=sys.stderr)
            return 2
    (first, before), (last, after) = readings[0], readings[-1]
    ratio = after / before
    print(
        f"{before / 2**20:.1f} MiB after {first:,} requests, {after / 2**20:.1f} MiB after {last:,}: "
        f"{ratio:.3f} times; the bar is {arguments.bar:g}"
    )
    sent = sum((client.sent for client in clients), Counter[str]())
    print("requests:", ", ".join(f"{count:,} {kind}" for kind, count in sorted(sent.items())))
    return 0 if ratio <= arguments.bar else 1


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port


@contextmanager
def serving(folder: Path) -> Iterator[Ports]:
    """A server of that model, for the length of a block."""
    ports = Ports(free_port(), free_port(), free_port())
    command = [sys.executable, "-m", "slipway_runtime", "serve", "--model-dir", str(folder)]
    command += ["--model-name", MODEL, "--drain-seconds", "0", "--host", "127.0.0.1"]
    for name, port in (("http", ports.http), ("grpc", ports.grpc), ("probe", ports.probe)):
        command += [f"--{name}-port", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_ready(ports, process)
        yield ports
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def wait_ready(ports: Ports, process: subprocess.Popen[bytes]) -> None:
    """Until it answers."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, f"the server ended with {process.returncode}"
        try:
            look(ports.probe, "readyz")
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"not ready within {START_SECONDS:g} s")


async def soak(clients: list[Client], probe: int, first: int, most: int) -> list[tuple[int, int]]:
    """All requests; returns the readings: requests until then, resident bytes."""
    marks = sorted({first, *(most * part // READINGS for part in range(1, READINGS + 1))} - {0})
    marks = [mark for mark in marks if first <= mark <= max(first, most)]
    readings, begun = [], time.monotonic()
    for mark in marks:
        done = sum(client.done for client in clients)
        share = -(-(mark - done) // len(clients))
        await asyncio.gather(*(client.send(share) for client in clients))
        done = sum(client.done for client in clients)
        memory = int(await asyncio.to_thread(resident, probe))
        readings.append((done, memory))
        rate = done / (time.monotonic() - begun)
        print(
            f"soak: {done:,} requests, {memory / 2**20:.1f} MiB, {rate:,.0f}/s", file=sys.stderr, flush=True
        )
    return readings


def resident(probe: int) -> float:
    """Resident bytes of the server."""
    found = re.search(r"^process_resident_memory_bytes (\S+)$", look(probe, "metrics"), re.MULTILINE)
    assert found is not None
    return float(found[1])


def look(probe: int, path: str) -> str:
    """One look at the probe port."""
    with urllib.request.urlopen(f"http://127.0.0.1:{probe}/{path}", timeout=30) as answer:  # our own
        text: str = answer.read().decode()
    return text


if __name__ == "__main__":
    sys.exit(main())
