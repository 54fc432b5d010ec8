"""What a server answers at once while every worker is busy for seconds: refusals, probes, metrics.

Its one worker has a request that lasts longer than the round, its queue's one place is taken; then the next
request, the probes and a scrape follow each other, each on a connection of its own, as a kubelet's are. The
worker and they share one core. What came after the worker was free is not counted.
"""

from __future__ import annotations

import http.client
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from slipway_bench.cases import Busy
from slipway_bench.contest import Plan
from slipway_bench.environment import say
from slipway_bench.launch import Peer, slipway
from slipway_bench.models import SAMPLES
from slipway_bench.sample import Sample
from slipway_bench.servers import Server, running
from slipway_bench.wire import Message, message

REFUSAL = "503"  # the key of the refusals among the paths
TRIED_TURNS = 200
LONGER = 1.5  # than the round: CPU time is told in steps of a hundredth, and caches warm up
LOOK_SECONDS = 0.01


def run(cases: Sequence[Busy], plan: Plan, folder: Path) -> dict[str, dict[str, list[float]]]:
    """Seconds of each answer, by case and by what was asked."""
    return {case.name: _case(case, plan, folder) for case in cases}


def _case(case: Busy, plan: Plan, folder: Path) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    sample = SAMPLES[case.sample](folder)
    flags = ("--threads", "1", "--max-queue", "1")
    for number in range(plan.rounds):
        with running(Peer(case.title, slipway(*flags)), sample, plan.server_core, "json") as server:
            _round(server, sample, plan.seconds, found, case.bars)
        worst = ", ".join(f"{asked} {max(times) * 1e3:.1f} ms" for asked, times in found.items())
        say(f"round {number + 1}, {case.name}, worst so far: {worst}")
    return found


def _round(
    server: Server, sample: Sample, seconds: float, found: dict[str, list[float]], asked: Mapping[str, float]
) -> None:
    used = server.cpu_seconds()  # not the clock: a neighbour may have had the core
    server.ask("json", _turns(sample, TRIED_TURNS))
    turn = (server.cpu_seconds() - used) / TRIED_TURNS
    with ThreadPoolExecutor(2) as clients:
        running_one = clients.submit(server.ask, "json", _turns(sample, int(LONGER * seconds / turn)))
        _wait_until(server, "slipway_requests_in_flight 1", running_one)
        waiting_one = clients.submit(server.ask, "json", _turns(sample, 0))
        _wait_until(server, "slipway_requests_waiting 1", running_one)
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            for each in asked:
                took = _refused(server, sample) if each == REFUSAL else _probed(server, each)[0]
                if running_one.done():
                    return
                found[each].append(took)
        assert not waiting_one.done(), "a request that waited was answered before the one that ran"


def _turns(sample: Sample, count: int) -> Message:
    """A request that takes so many turns of the model's loop."""
    (name,) = sample.inputs
    return message(replace(sample, inputs={name: np.array([count])}), "json")


def _wait_until(server: Server, line: str, busy: Future[Any]) -> None:
    while f"\n{line}\n" not in _probed(server, "/metrics")[1]:
        assert not busy.done(), f"no worker is busy: the model was too quick, {busy.result()}"
        time.sleep(LOOK_SECONDS)


def _refused(server: Server, sample: Sample) -> float:
    request = _turns(sample, 0)
    begun = time.perf_counter()
    status, headers, _ = _exchange(server.ports.http, "POST", request)
    took = time.perf_counter() - begun
    if status != http.HTTPStatus.OK:  # as it is once the worker is free
        assert (status, headers.get("retry-after")) == (503, "1"), f"{status} {headers}"
    return took


def _probed(server: Server, path: str) -> tuple[float, str]:
    begun = time.perf_counter()
    status, _, body = _exchange(server.ports.metrics, "GET", Message(path, b""))
    took = time.perf_counter() - begun
    assert status == http.HTTPStatus.OK, f"{path}: {status}"
    return took, body.decode()


def _exchange(port: int, method: str, request: Message) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, request.path, request.body or None, dict(request.headers))
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body
