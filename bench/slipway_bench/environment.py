"""What the benchmarks need besides Slipway: the peers' virtual environment, and wrk.

Both are made by the command that needs them. The environment is cached outside the tree under a name that
changes with its requirements; nothing of it touches Slipway's own.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[1] / "results"
PEERS = Path(__file__).resolve().parents[1] / "peers"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "slipway" / "bench"


def peer_python() -> Path:
    """The interpreter of the peers' environment, made if it is not there."""
    requirements = PEERS / "requirements.txt"
    key = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = CACHE / f"peers-{key}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        say(f"making the peers' environment in {folder}")
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
        (folder / "complete").touch()
    return python


def find_wrk() -> str | None:
    """Wrk's path; installed from Debian's packages where that is possible, else None."""
    found = shutil.which("wrk")
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        say("installing wrk")
        subprocess.run(["apt-get", "install", "-y", "-qq", "wrk"], check=False, stdout=subprocess.DEVNULL)
        found = shutil.which("wrk")
    if found is None:
        say("wrk is missing (Debian: apt-get install wrk): a slower generator in Python takes its place")
    return found


def cores() -> tuple[set[int], set[int]]:
    """One core for the server, another for the load; the same one where there is no other."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) == 1:
        say("this machine has one core: server and load share it, which blurs every figure")
    return {usable[0]}, {usable[-1]}


def pinned(command: list[str], core: set[int]) -> list[str]:
    """A command that runs on these cores only."""
    return ["taskset", "--cpu-list", ",".join(map(str, sorted(core))), *command]


def say(text: str) -> None:
    """Progress, on standard error: standard output is the table's."""
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()
