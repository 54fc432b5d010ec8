"""How long from the start of the process to ready: the model is loaded and warmed up, and the server says so.

Not pinned: a pod that starts may use what its container has. Models alternate.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from slipway_bench.cases import Start
from slipway_bench.environment import say
from slipway_bench.launch import Peer, slipway
from slipway_bench.models import SAMPLES
from slipway_bench.servers import running


def run(starts: Sequence[Start], rounds: int, folder: Path) -> dict[str, list[float]]:
    """Seconds of each start, by case."""
    samples = {start.name: SAMPLES[start.sample](folder) for start in starts}
    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for start in starts:
            begun = time.monotonic()
            peer = Peer(start.title, slipway(*start.flags))
            with running(peer, samples[start.name], os.sched_getaffinity(0), "json") as server:
                found[start.name].append(server.ready - begun)
            say(f"{start.name}: {found[start.name][-1]:.2f} s")
    return found
