"""What the benchmarks need besides Slipway: a virtual environment for each peer, and programs that make load.

The command that needs a thing makes it. Environments are cached outside the tree, under a name that changes
with their requirements and the interpreter; nothing of them touches Slipway's own. What cannot be had is told
with its reason, and the table shows it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from slipway_bench.environment import CACHE, PEERS, say

PROGRAMS = {"wrk": "wrk", "h2load": "nghttp2-client"}  # program: Debian's package


class UnavailableError(Exception):
    """Something cannot be had on this machine; the text says why."""


def peer_python(name: str) -> Path:
    """The interpreter of a peer's environment, made if it is not there.

    Args:
        name: of its folder in bench/peers.

    Raises:
        UnavailableError: it could not be installed.
    """
    requirements = PEERS / name / "requirements.txt"
    key = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = CACHE / f"{name}-{key}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        say(f"making the environment of {name} in {folder}")
        shutil.rmtree(folder, ignore_errors=True)
        uv = _uv()
        _run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)])
        install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python)]
        _run([*install, "-r", str(requirements)])
        (folder / "complete").touch()
    return python


def program(name: str) -> str:
    """A program's path; installed from Debian's packages where that is possible.

    Raises:
        UnavailableError: it is not there and could not be installed.
    """
    found = shutil.which(name)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"installing {name}")
        _run(["apt-get", "install", "-y", "-qq", PROGRAMS[name]])
        found = shutil.which(name)
    if found is None:
        raise UnavailableError(f"{name} is missing (Debian: apt-get install {PROGRAMS[name]})")
    return found


def _uv() -> str:
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise UnavailableError("uv is missing: `make setup` installs it")
    return found


def _run(command: list[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise UnavailableError(f"{Path(command[0]).name}: {lines[-1] if lines else done.returncode}")
