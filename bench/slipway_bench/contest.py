"""Runs contests: all servers of a model at once, one under load at a time, rounds interleaved.

Whatever else the machine does meanwhile falls on all of them, and the ratio of each round is taken by itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from slipway_bench import h2load, wrk
from slipway_bench.cases import OURS, PEERS, RAW, Contest
from slipway_bench.environment import PEERS as PEERS_FOLDER
from slipway_bench.environment import pinned, say
from slipway_bench.figures import Figures
from slipway_bench.installs import UnavailableError, program
from slipway_bench.models import SAMPLES
from slipway_bench.sample import Sample
from slipway_bench.servers import Server, running
from slipway_bench.wire import message

WARM_UP_SECONDS = 3.0  # sixteen of the slowest answers take more than one


@dataclass(frozen=True)
class Plan:
    """How long, how often, and on which cores.

    Attributes:
        seconds: of one run.
        rounds: runs of each server and case.
        server_core, load_core: CPU numbers.
    """

    seconds: float
    rounds: int
    server_core: set[int]
    load_core: set[int]


@dataclass(frozen=True)
class Found:
    """What contests showed.

    Attributes:
        runs: by case and peer, one for each round.
        missing: by peer, why it is not there.
    """

    runs: dict[tuple[str, str], list[Figures]] = field(default_factory=lambda: defaultdict(list))
    missing: dict[str, str] = field(default_factory=dict)


def run(contests: Sequence[Contest], plan: Plan, folder: Path) -> Found:
    """Run contests, those of one sample together."""
    found = Found()
    for name in dict.fromkeys(contest.sample for contest in contests):
        chosen = [contest for contest in contests if contest.sample == name]
        with ExitStack() as stack:
            group = _Group(SAMPLES[name](folder), plan, found)
            group.start(stack, chosen)
            for number in range(plan.rounds):
                for contest in chosen:
                    group.round(contest, number)
    return found


class _Group:
    """The servers of one sample."""

    def __init__(self, sample: Sample, plan: Plan, found: Found) -> None:
        self._sample = sample
        self._plan = plan
        self._found = found
        self._servers: dict[str, Server] = {}

    def start(self, stack: ExitStack, contests: Sequence[Contest]) -> None:
        """All that these contests need; what cannot be had is noted."""
        forms: dict[str, str] = {}
        for contest in contests:
            for key in (OURS, *contest.bars):
                forms.setdefault(key, contest.form)
        forms.pop(RAW, None)
        for key, form in forms.items():
            say(f"starting {PEERS[key].title} with {self._sample.name}")
            server = running(PEERS[key], self._sample, self._plan.server_core, form)
            try:
                self._servers[key] = stack.enter_context(server)
            except UnavailableError as error:
                say(f"{PEERS[key].title}: {error}")
                self._found.missing[key] = str(error)
        for contest in contests:
            for key in self._servers.keys() & {OURS, *contest.bars}:
                self._load(contest, self._servers[key], WARM_UP_SECONDS)

    def round(self, contest: Contest, number: int) -> None:
        """One run of every server."""
        for key in (OURS, *contest.bars):
            if key in self._found.missing:
                continue
            if key == RAW:
                figures = raw_loop(self._sample, self._plan)
            else:
                server = self._servers[key]
                before = server.cpu_seconds()
                figures = self._load(contest, server, self._plan.seconds)
                figures = replace(figures, cpu=(server.cpu_seconds() - before) / figures.requests)
            self._found.runs[contest.name, key].append(figures)
            say(f"round {number + 1}, {contest.name}, {key}: {figures.rate:,.0f}/s")

    def _load(self, contest: Contest, server: Server, seconds: float) -> Figures:
        request = message(self._sample, contest.form)
        core, connections = self._plan.load_core, contest.connections
        if contest.form != "grpc":
            port = server.ports.http
            return wrk.load(
                program("wrk"), port, request, connections=connections, seconds=seconds, core=core
            )
        return h2load.load(
            program("h2load"),
            server.ports.grpc,
            request,
            answer_bytes=server.verify("grpc", self._sample),
            connections=connections,
            seconds=seconds,
            core=core,
        )


def raw_loop(sample: Sample, plan: Plan) -> Figures:
    """The model in a loop on the server's core."""
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder) / "inputs.npz"
        sample.save_inputs(inputs)
        script = str(PEERS_FOLDER / "raw" / "loop.py")
        command = [sys.executable, script, str(sample.path), str(inputs), str(plan.seconds)]
        done = subprocess.run(pinned(command, plan.server_core), check=True, capture_output=True, text=True)
    loop = json.loads(done.stdout)
    return Figures(loop["requests"] / loop["seconds"], loop["p50"], loop["p99"], loop["requests"])
