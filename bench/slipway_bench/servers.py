"""The servers under test, each a process group on one core, one at a time under load."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import grpc

from slipway_bench.environment import pinned
from slipway_bench.installs import UnavailableError, peer_python
from slipway_bench.launch import Launch, Peer, Ports
from slipway_bench.sample import Sample
from slipway_bench.wire import Message, check, message

START_SECONDS = 120.0
STOP_SECONDS = 15.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        title: for the table.
        ports: on loopback.
        pid: of its first process, and of its process group.
        ready: when it was, on time.monotonic's scale.
    """

    title: str
    ports: Ports
    pid: int
    ready: float = 0.0

    def ask(self, form: str, request: Message) -> tuple[dict[str, str], bytes]:
        """One request, over HTTP or gRPC; headers and body of the answer."""
        return self._call(request) if form == "grpc" else self._post(request)

    def _post(self, request: Message) -> tuple[dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.ports.http, timeout=60)
        connection.request("POST", request.path, request.body, dict(request.headers))
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert answer.status == http.HTTPStatus.OK, f"{self.title}: {answer.status} {body[:500]!r}"
        return {name.title(): value for name, value in answer.getheaders()}, body

    def _call(self, request: Message) -> tuple[dict[str, str], bytes]:
        with grpc.insecure_channel(f"127.0.0.1:{self.ports.grpc}") as channel:
            call = channel.unary_unary(request.path, request_serializer=None, response_deserializer=None)
            answer: bytes = call(request.body, timeout=60, wait_for_ready=True)
        return {}, answer

    def verify(self, form: str, sample: Sample) -> int:
        """Fail unless it answers rightly; returns the answer's length."""
        headers, body = self.ask(form, message(sample, form))
        check(sample, form, headers, body)
        return len(body)

    def cpu_seconds(self) -> float:
        """CPU time that its processes have used."""
        return sum(map(_cpu_ticks, _group(self.pid))) / _TICKS


@contextmanager
def running(peer: Peer, sample: Sample, core: set[int], form: str) -> Iterator[Server]:
    """A server that answers rightly, for the length of a block.

    Raises:
        UnavailableError: it cannot be installed or does not start here.
    """
    python = str(peer_python(peer.environment)) if peer.environment else sys.executable
    with tempfile.TemporaryDirectory() as folder:
        ports = Ports(*free_ports(3))
        launch = peer.launch(python, sample, ports, Path(folder))
        log = Path(folder) / "output"
        process = _start(launch, core, log)
        try:
            server = Server(peer.title, ports, process.pid)
            _wait_ready(server, process, log)
            server = replace(server, ready=time.monotonic())
            server.verify(form, sample)
            yield server
            server.verify(form, sample)
        finally:
            _stop(process)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _start(launch: Launch, core: set[int], log: Path) -> subprocess.Popen[bytes]:
    """A process group of its own, in our session: the scheduler groups by session."""
    with log.open("wb") as output:
        return subprocess.Popen(
            pinned(launch.command, core),
            env={**_environ(), **launch.environ},
            cwd=launch.folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )


def _environ() -> dict[str, str]:
    """Ours; but compiled Python is written, as images have it: a second start does not pay for it again."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _stop(process: subprocess.Popen[bytes]) -> None:
    """The first process ends the others; what is left of the group is killed."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if _group(process.pid):
        os.killpg(process.pid, signal.SIGKILL)


def _wait_ready(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            lines = log.read_text(errors="replace").strip().splitlines()
            raise UnavailableError(f"ended with {process.returncode}: {lines[-1] if lines else ''}")
        if _is_ready(server.ports.http):
            return
        time.sleep(0.01)
    raise UnavailableError(f"not ready within {START_SECONDS:g} s")


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/v2/health/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _group(pgid: int) -> list[Path]:
    """The processes of a group that run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        fields = _fields(stat)
        if fields and int(fields[2]) == pgid and fields[0] != "Z":
            found.append(stat)
    return found


def _cpu_ticks(stat: Path) -> int:
    fields = _fields(stat)
    return int(fields[11]) + int(fields[12]) if fields else 0


def _fields(stat: Path) -> list[str]:
    """What follows the name: state, parent, group…; empty where the process has ended."""
    try:
        return stat.read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return []
