"""Latency when requests come at half of the top rate, whatever the server does meanwhile.

Beside it a server that only counts, for each request about as long as ours computes, gets the same arrivals:
what its tail shows is the machine's, and the queue's before any server that is so busy.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from slipway_bench import wrk
from slipway_bench.cases import OURS, PEERS, Tail
from slipway_bench.contest import Plan
from slipway_bench.environment import BENCH, pinned, say
from slipway_bench.figures import Figures
from slipway_bench.installs import program
from slipway_bench.launch import bare, undisturbed
from slipway_bench.models import SAMPLES
from slipway_bench.servers import Server, running
from slipway_bench.wire import Message, message

CONNECTIONS = 16  # that show the top rate


@dataclass
class Found:
    """A case's arrivals, one for each round; a round that breaks has none."""

    ours: list[Figures] = field(default_factory=list)
    floor: list[Figures] = field(default_factory=list)


def run(tail: Tail, plan: Plan, folder: Path) -> Found:
    """Top rate and arrivals in turn; the figures are those of the arrivals."""
    sample, found = SAMPLES[tail.sample](folder), Found()
    request, core = message(sample, "json"), plan.server_core
    with running(undisturbed(PEERS[OURS]), sample, core, "json") as server:
        _, answer = server.ask("json", request)
        cpu = _asked(server, request, _top(server, request, plan) / 2, plan).cpu
        with running(undisturbed(bare(answer, cpu)), sample, core, "json") as floor:
            for number in range(plan.rounds):
                top = _top(server, request, plan)
                say(f"round {number + 1}, {tail.name}: {top:,.0f}/s at most")
                for one, figures in ((server, found.ours), (floor, found.floor)):
                    _round(one, request, top / 2, plan, figures)
    return found


def _top(server: Server, request: Message, plan: Plan) -> float:
    """The most requests in a second."""
    found = wrk.load(
        program("wrk"),
        server.ports.http,
        request,
        connections=CONNECTIONS,
        seconds=plan.seconds,
        core=plan.load_core,
    )
    return found.rate


def _asked(server: Server, request: Message, rate: float, plan: Plan) -> Figures:
    """Arrivals at this rate, and what each cost the server's processor."""
    before = server.cpu_seconds()
    figures = arrivals(server.ports.http, request, rate, plan)
    return replace(figures, cpu=(server.cpu_seconds() - before) / (rate * plan.seconds))


def _round(server: Server, request: Message, rate: float, plan: Plan, found: list[Figures]) -> None:
    try:
        figures = _asked(server, request, rate, plan)
    except subprocess.CalledProcessError as error:
        say(f"{server.title}: {error.stderr.strip().splitlines()[-1]}")
        return
    latency = f"p50 {figures.p50 * 1e3:.2f} ms, p99 {figures.p99 * 1e3:.2f} ms"
    say(f"{server.title}: {latency}, {figures.cpu * 1e6:.0f} µs of CPU each")
    found.append(figures)


def arrivals(port: int, request: Message, rate: float, plan: Plan) -> Figures:
    """One run of open-loop load."""
    with tempfile.TemporaryDirectory() as folder:
        body = Path(folder) / "body"
        body.write_bytes(request.body)
        words = [str(port), request.path, str(body), str(rate), str(plan.seconds)]
        command = [sys.executable, "-m", "slipway_bench.arrivals", *words]
        done = subprocess.run(
            pinned(command, plan.load_core),
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(BENCH)},
        )
    return Figures(**json.loads(done.stdout))
