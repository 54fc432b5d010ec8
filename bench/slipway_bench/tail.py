"""Latency when requests come at half of the top rate, whatever the server does meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from slipway_bench import wrk
from slipway_bench.cases import OURS, PEERS, Tail
from slipway_bench.contest import Plan
from slipway_bench.environment import BENCH, pinned, say
from slipway_bench.figures import Figures
from slipway_bench.installs import program
from slipway_bench.launch import undisturbed
from slipway_bench.models import SAMPLES
from slipway_bench.servers import running
from slipway_bench.wire import Message, message

CONNECTIONS = 16  # that show the top rate


def run(tail: Tail, plan: Plan, folder: Path) -> list[Figures]:
    """Top rate and arrivals in turn; the figures are those of the arrivals. A round that breaks has none."""
    sample = SAMPLES[tail.sample](folder)
    request, found = message(sample, "json"), []
    with running(undisturbed(PEERS[OURS]), sample, plan.server_core, "json") as server:
        for number in range(plan.rounds):
            top = wrk.load(
                program("wrk"),
                server.ports.http,
                request,
                connections=CONNECTIONS,
                seconds=plan.seconds,
                core=plan.load_core,
            )
            try:
                figures = arrivals(server.ports.http, request, top.rate / 2, plan)
            except subprocess.CalledProcessError as error:
                say(f"round {number + 1}, {tail.name}: {error.stderr.strip().splitlines()[-1]}")
                continue
            say(f"round {number + 1}, {tail.name}: {top.rate:,.0f}/s at most; p99 {figures.p99 * 1e3:.2f} ms")
            found.append(figures)
    return found


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
