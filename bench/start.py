"""How long the runtime takes from the start of its process to ready.

    python bench/start.py [--rounds 5]

Ready means what it means to Kubernetes: the model is loaded and warmed up, and the probe says so. Small
model and large one alternate; figures are medians. Not pinned: a pod that starts may use what its container
has.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from slipway_bench.environment import RESULTS, say
from slipway_bench.models import iris, megabytes
from slipway_bench.servers import free_port, running, slipway

BARS = {"iris, 1 kB": 1.0, "one layer, 100 MB": 3.0}


def main() -> int:
    """Measure, print the table, fail above the bars."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="starts of each model")
    parser.add_argument("--out", type=Path, default=RESULTS / "start.md", help="the table goes there as well")
    arguments = parser.parse_args()
    times: dict[str, list[float]] = {name: [] for name in BARS}
    with tempfile.TemporaryDirectory() as folder:
        cases = dict(zip(BARS, (iris(Path(folder)), megabytes(Path(folder))), strict=True))
        for _ in range(arguments.rounds):
            for name, case in cases.items():
                port = free_port()
                begun = time.monotonic()
                with running(name, slipway(port, case.path), port, case, os.sched_getaffinity(0)) as server:
                    times[name].append(server.ready - begun)
                say(f"{name}: {times[name][-1]:.2f} s")
    medians = {name: statistics.median(found) for name, found in times.items()}
    lines = [
        "# Start",
        "",
        f"`python bench/start.py`: process start to ready, median of {arguments.rounds}.",
        "",
        "| model | seconds | fastest | bar |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {medians[name]:.2f} | {min(times[name]):.2f} | {bar:g} |" for name, bar in BARS.items()
    ]
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    arguments.out.write_text(text)
    return 0 if all(medians[name] <= bar for name, bar in BARS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
