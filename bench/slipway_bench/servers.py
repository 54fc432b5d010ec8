"""The servers under test, each a process pinned to one core, one at a time under load."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from slipway_bench.environment import PEERS, pinned
from slipway_bench.models import Case

START_SECONDS = 60.0
MODEL = "iris"


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        name: for the table.
        port: on loopback.
        pid: of its process.
        ready: when it was, on time.monotonic's scale.
    """

    name: str
    port: int
    pid: int
    ready: float = 0.0

    @property
    def url(self) -> str:
        """Where inference requests go."""
        return f"http://127.0.0.1:{self.port}/v2/models/{MODEL}/infer"

    def ask(self, body: bytes) -> bytes:
        """One request."""
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})  # noqa: S310 # our own
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 # likewise
            found: bytes = answer.read()
        return found

    def cpu_seconds(self) -> float:
        """CPU time it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def slipway(port: int, model: Path) -> list[str]:
    """The command of Slipway's runtime, with every limit and metric on."""
    ports = ["--http-port", str(port), "--probe-port", str(free_port())]
    return [
        sys.executable,
        "-m",
        "slipway_runtime",
        "serve",
        "--model-dir",
        str(model.parent),
        "--model-name",
        MODEL,
        *ports,
    ]


def fastapi(python: Path, variant: str, port: int) -> list[str]:
    """The command of the hand-written peer."""
    flags = ["--no-access-log", "--log-level", "warning", "--loop", "uvloop", "--http", "httptools"]
    return [
        str(python),
        "-m",
        "uvicorn",
        "--app-dir",
        str(PEERS),
        f"fastapi_pydantic:{variant}",
        "--port",
        str(port),
        *flags,
    ]


@contextmanager
def running(name: str, command: list[str], port: int, case: Case, core: set[int]) -> Iterator[Server]:
    """A server that is ready, for the length of a block."""
    environ: Mapping[str, str] = {**os.environ, "MODEL": str(case.path), "SLIPWAY_DRAIN_SECONDS": "0"}
    process = subprocess.Popen(pinned(command, core), env=environ, stderr=subprocess.DEVNULL)
    server = Server(name, port, process.pid)
    try:
        _wait_ready(server, process)
        server = replace(server, ready=time.monotonic())
        case.check(server.ask(case.body))
        yield server
        case.check(server.ask(case.body))
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port


def _wait_ready(server: Server, process: subprocess.Popen[bytes]) -> None:
    url = f"http://127.0.0.1:{server.port}/v2/health/ready"
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, f"{server.name} ended with {process.returncode}"
        try:
            urllib.request.urlopen(url, timeout=5).close()  # our own
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.01)
        else:
            return
    raise TimeoutError(f"{server.name} was not ready within {START_SECONDS} s")
