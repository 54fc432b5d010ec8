"""The model server as a real process, on free ports, and what it logs.

`started` waits for the log line that it needs (the ports, then "ready"), never for a while. Whatever a test
does, the process is gone when its block ends.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import httpx

START_SECONDS = 120.0  # a bound for what never comes: a busy machine may take long to convert a model


class RuntimeServer:
    """A running `slipway-runtime serve`.

    Attributes:
        log: the lines so far.
        http_port, probe_port, grpc_port: 0 until it listens.
    """

    def __init__(self, arguments: list[str], environ: Mapping[str, str]) -> None:
        self.log: list[dict[str, Any]] = []
        self.http_port = self.probe_port = self.grpc_port = 0
        self._lines: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "slipway_runtime",
                "serve",
                "--http-port",
                "0",
                "--probe-port",
                "0",
                "--grpc-port",
                "0",
                *arguments,
            ],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, **environ},
            text=True,
        )
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, message: str, seconds: float = START_SECONDS) -> dict[str, Any]:
        """The first line with this message that nobody waited for yet."""
        while True:
            line = self._lines.get(timeout=seconds)
            assert line is not None, f"the server ended before it said {message!r}: {self.log}"
            if line["message"] == message:
                return line

    def wait_ready(self) -> None:
        """Until it listens and the model is ready."""
        listening = self.wait_for("listening")
        self.http_port, self.probe_port = listening["http_port"], listening["probe_port"]
        self.grpc_port = self.wait_for("listening for gRPC")["grpc_port"]
        self.wait_for("ready")

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def wait(self, seconds: float = START_SECONDS) -> int:
        """Its exit code."""
        code = self.process.wait(seconds)
        self._reader.join(seconds)
        if self.process.stderr is not None:
            self.process.stderr.close()
        return code

    @property
    def url(self) -> str:
        """Where requests go."""
        return f"http://127.0.0.1:{self.http_port}"

    def client(self) -> httpx.Client:
        """A client of the request port."""
        return httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def probe(self, path: str) -> httpx.Response:
        """One look at the probe port."""
        return httpx.get(f"http://127.0.0.1:{self.probe_port}{path}", timeout=30, trust_env=False)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            try:
                entry = json.loads(line)
            except ValueError:
                entry = {"message": line.rstrip(), "unstructured": True}
            self.log.append(entry)
            self._lines.put(entry)
        self._lines.put(None)


@contextmanager
def started(*arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[RuntimeServer]:
    """A server process for the length of a block."""
    server = RuntimeServer(list(arguments), environ or {})
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
        server.wait()


@contextmanager
def serving(
    model: Path, *arguments: str, name: str = "m", environ: Mapping[str, str] | None = None
) -> Iterator[RuntimeServer]:
    """A server whose model is ready."""
    with started("--model-dir", str(model), "--model-name", name, *arguments, environ=environ) as server:
        server.wait_ready()
        yield server


def tensor(name: str, shape: list[int], data: list[Any], datatype: str = "FP32") -> dict[str, Any]:
    """One input of a request."""
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


def request_of(*inputs: dict[str, Any], **rest: Any) -> dict[str, Any]:
    """An inference request."""
    return {"inputs": list(inputs), **rest}
