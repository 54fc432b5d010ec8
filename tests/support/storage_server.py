"""Starts a real storage server on loopback for as long as a block lasts."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from localcluster.build import Builder
from localcluster.modules import Module
from localcluster.settings import settings_from
from localcluster.waiting import Progress

UP_SECONDS = 60.0


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def go_program(module: Module) -> Path:
    """A server that is compiled from pinned Go modules; built into the cache where that lacks it."""
    settings = settings_from(os.environ)
    built = Builder(settings.binaries, Progress(sys.stderr)).build([module])
    return built[module.name] / module.name


@contextmanager
def running(
    words: Sequence[str | Path], environ: Mapping[str, str], health: str, log: Path
) -> Iterator[None]:
    """The server runs until the block ends.

    `environ` is all it gets besides a PATH; it is up once anything answers at `health`.
    """
    with log.open("wb") as written:
        process = subprocess.Popen(
            [str(word) for word in words],
            env={"PATH": os.environ["PATH"], **environ},
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
        )
    try:
        _await_answer(process, health, log)
        yield
    finally:
        process.terminate()
        process.wait(UP_SECONDS)


def _await_answer(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """The servers announce nothing, so they are asked until they answer."""
    deadline = time.monotonic() + UP_SECONDS
    while True:
        try:
            httpx.get(url, trust_env=False)
        except httpx.TransportError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(
                    f"{process.args!r} did not come up within {UP_SECONDS:g} s:\n{log.read_text()}"
                ) from None
            time.sleep(0.02)
        else:
            return
