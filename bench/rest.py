"""Slipway's runtime against the server people write by hand: V2 JSON, iris 1 x 4, one server core.

    python bench/rest.py [--seconds 4] [--rounds 3]

Every server gets the same model file, the same request and has its answers checked. Rounds are interleaved,
so that whatever else the machine does falls on all of them; figures are medians over the rounds. Only
ratios carry over to another machine. CPU time per request is shown as well: it hardly depends on what else
runs.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from slipway_bench.environment import RESULTS, cores, find_wrk, peer_python, say
from slipway_bench.load import Figures, with_python, with_wrk
from slipway_bench.models import Case, iris
from slipway_bench.servers import Server, fastapi, free_port, running, slipway

OURS = "Slipway"
BAR = 3.0
CONNECTIONS = (1, 16)
WARM_UP_SECONDS = 1.0


@dataclass(frozen=True)
class Run:
    """One run and what it cost the server."""

    figures: Figures
    cpu: float


def main() -> int:
    """Measure, print the table, fail below the bar."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=4.0, help="length of a run")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each server and case")
    parser.add_argument("--out", type=Path, default=RESULTS / "rest.md", help="the table goes there as well")
    arguments = parser.parse_args()
    server_core, load_core = cores()
    wrk = find_wrk()
    generate = partial(with_wrk, wrk) if wrk else with_python
    runs: dict[tuple[int, str], list[Run]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        case = iris(Path(folder))
        servers = start_all(stack, case, server_core)

        def load(server: Server, connections: int, seconds: float) -> Figures:
            return generate(server.url, case.body, connections=connections, seconds=seconds, core=load_core)

        for server in servers:
            load(server, max(CONNECTIONS), WARM_UP_SECONDS)
        for number in range(arguments.rounds):
            for connections in CONNECTIONS:
                for server in servers:
                    before = server.cpu_seconds()
                    figures = load(server, connections, arguments.seconds)
                    run = Run(figures, (server.cpu_seconds() - before) / figures.requests)
                    runs[connections, server.name].append(run)
                    say(f"round {number + 1}, c={connections}, {server.name}: {figures.rate:,.0f}/s")
    text, ratio = table(runs, [server.name for server in servers], "wrk" if wrk else "Python")
    sys.stdout.write(text)
    arguments.out.write_text(text)
    say(f"c=16: {ratio:.2f} times the faster peer; the bar is {BAR:g}")
    return 0 if ratio >= BAR else 1


def start_all(stack: ExitStack, case: Case, core: set[int]) -> list[Server]:
    """Ours and the peers, all ready, none under load."""
    python = peer_python()
    ports = [free_port() for _ in range(3)]
    commands = {
        OURS: slipway(ports[0], case.path),
        "FastAPI + pydantic, coroutine": fastapi(python, "inline", ports[1]),
        "FastAPI + pydantic, function": fastapi(python, "threads", ports[2]),
    }
    return [
        stack.enter_context(running(name, command, port, case, core))
        for (name, command), port in zip(commands.items(), ports, strict=True)
    ]


def table(runs: dict[tuple[int, str], list[Run]], names: list[str], generator: str) -> tuple[str, float]:
    """The Markdown, and our ratio to the faster peer at the highest concurrency."""
    rounds = len(next(iter(runs.values())))
    setting = f"server on one core, load ({generator}) on another, of {os.cpu_count()} x {processor()}"
    lines = [
        "# REST, JSON, small requests",
        "",
        f"`python bench/rest.py`: V2 JSON, iris 1 x 4; {setting}; medians of {rounds} interleaved rounds.",
        "",
        "| connections | server | requests/s | p50 ms | p99 ms | server CPU µs/request | Slipway is |",
        "|---|---|---|---|---|---|---|",
    ]
    ratio = 0.0
    for connections in CONNECTIONS:
        ours = median(runs[connections, OURS])
        for name in names:
            figures, cpu = median(runs[connections, name])
            times = "" if name == OURS else f"{ours[0].rate / figures.rate:.2f} times as fast"
            lines.append(
                f"| {connections} | {name} | {figures.rate:,.0f} | {figures.p50 * 1e3:.2f} | "
                f"{figures.p99 * 1e3:.2f} | {cpu * 1e6:.0f} | {times} |"
            )
        ratio = min(ours[0].rate / median(runs[connections, name])[0].rate for name in names if name != OURS)
    return "\n".join(lines) + "\n", ratio


def median(runs: list[Run]) -> tuple[Figures, float]:
    """The median of each figure."""
    figures = [run.figures for run in runs]
    return (
        Figures(
            statistics.median(each.rate for each in figures),
            statistics.median(each.p50 for each in figures),
            statistics.median(each.p99 for each in figures),
            sum(each.requests for each in figures),
        ),
        statistics.median(run.cpu for run in runs),
    )


def processor() -> str:
    """The CPU's name, as far as the machine tells."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    sys.exit(main())
