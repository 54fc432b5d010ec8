"""A real S3 server on loopback: versitygw, whose buckets are folders.

The binary is the cluster's own; where the cache lacks it, it is built, which takes a minute once.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from localcluster.build import Builder
from localcluster.modules import S3
from localcluster.settings import settings_from
from localcluster.waiting import Progress

ACCESS_KEY = "slipway-test"
SECRET_KEY = "S3CR3T-0f/the+t3st"
UP_SECONDS = 30.0


@dataclass(frozen=True)
class Gateway:
    """A running server."""

    endpoint: str
    buckets: Path

    @property
    def environ(self) -> dict[str, str]:
        """What a client needs, under the vendor's names."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }

    def put(self, key: str, content: bytes) -> None:
        """An object; the first part of the key is the bucket."""
        path = self.buckets / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _program() -> Path:
    settings = settings_from(os.environ)
    built = Builder(settings.binaries, Progress(sys.stderr)).build([S3])
    return built[S3.name] / "versitygw"


@contextmanager
def s3_gateway(folder: Path) -> Iterator[Gateway]:
    """Up until the block ends."""
    buckets = folder / "buckets"
    buckets.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [str(_program()), "--port", f"127.0.0.1:{port}", "--health", "/health", str(buckets)]
    environ = {"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY, "PATH": os.environ["PATH"]}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(words, env=environ, stdout=log, stderr=log)
    try:
        _await_health(process, f"http://127.0.0.1:{port}/health", folder / "log")
        yield Gateway(f"http://127.0.0.1:{port}", buckets)
    finally:
        process.terminate()
        process.wait(UP_SECONDS)


def _await_health(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """The server announces nothing, so it is asked until it answers."""
    deadline = time.monotonic() + UP_SECONDS
    while True:
        try:
            if httpx.get(url, trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"versitygw did not come up within {UP_SECONDS:g} s:\n{log.read_text()}")
        time.sleep(0.02)
