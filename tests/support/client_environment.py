"""Virtual environments for the client libraries of other projects, whose pins exclude each other and ours.

Each is made when the first test asks for it, from the full list of pins in tests/clients/requirements, and
kept in the cache outside the tree under a name that changes with the pins and the interpreter. Two test runs
that want the same one at once make it once.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localcluster.settings import settings_from

CLIENTS = Path(__file__).resolve().parents[1] / "clients"
RUN_SECONDS = 300


def folder_of(client: str) -> Path:
    """The environment of a client, made if it is not there.

    Args:
        client: a file's name in tests/clients/requirements, without its ending.
    """
    pins = CLIENTS / "requirements" / f"{client}.txt"
    key = hashlib.sha256(pins.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = settings_from(os.environ).cache / "clients" / f"{client}-{key}"
    complete = folder / "complete"
    with _alone(folder):
        if not complete.exists():
            shutil.rmtree(folder, ignore_errors=True)
            _uv("venv", "--python", sys.executable, folder)
            _uv("pip", "install", "--python", folder / "bin" / "python", "-r", pins)
            complete.touch()
    return folder


def run(client: str, program: str, *arguments: str | Path) -> str:
    """What a program of a client's environment prints.

    Raises:
        AssertionError: it failed; with the end of its messages.
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [folder_of(client) / "bin" / program, *arguments],
        env={**environ, "no_proxy": "127.0.0.1"},
        check=False,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _uv(*arguments: str | Path) -> None:
    beside = Path(sys.executable).with_name("uv")
    uv = beside if beside.exists() else shutil.which("uv")
    assert uv is not None, "uv is missing: `make setup` installs it"
    done = subprocess.run([uv, *arguments, "--quiet"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
