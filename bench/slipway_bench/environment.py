"""Where things are, which cores do what, and how progress is told."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parents[1]
RESULTS = BENCH / "results"
PEERS = BENCH / "peers"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slipway" / "bench"


def cores() -> tuple[set[int], set[int]]:
    """One core for the server, another for the load; the same one where there is no other."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) == 1:
        say("this machine has one core: server and load share it, which blurs every figure")
    return {usable[0]}, {usable[-1]}


def pinned(command: list[str], core: set[int]) -> list[str]:
    """A command that runs on these cores only."""
    return ["taskset", "--cpu-list", ",".join(map(str, sorted(core))), *command]


def processor() -> str:
    """The CPU's name, as far as the machine tells."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def say(text: str) -> None:
    """Progress, on standard error: standard output is the table's."""
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()
