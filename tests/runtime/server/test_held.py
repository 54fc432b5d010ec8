"""What must be answered before any worker comes free: the model is held by the test, so nothing is timed.

The same server as `test_busy`, put together around a model that a test holds. How long these answers take is
what `python bench/speed.py --case busy` measures.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import httpx
import pytest

from engine_doubles import ROWS, Held
from slipway_runtime.dataplane import DataPlane
from slipway_runtime.lifecycle.model import Loaded, Model
from slipway_runtime.lifecycle.state import ModelState
from slipway_runtime.probes import Probes
from slipway_runtime.rest.app import App
from slipway_runtime.rest.connection import Shared
from slipway_runtime.rest.router import Router
from slipway_runtime.rest.server import HttpServer, bind
from slipway_runtime.rest.v2 import V2Endpoints
from slipway_runtime.scheduling.executor import Executor
from slipway_runtime.scheduling.inline import InlineLimit
from slipway_runtime.scheduling.scheduler import Scheduler
from slipway_runtime.telemetry.metrics import Metrics
from slipway_runtime.telemetry.prometheus import render

WORKERS, QUEUE = 2, 3
BODY = {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]}


class HeldServer:
    """A server whose workers are all held, and whose queue is full.

    Attributes:
        engine: holds them.
        probes: the port of probes and metrics.
        client: of the other port.
        waiting: requests that wait for the engine.
    """

    def __init__(self) -> None:
        self.engine, self._metrics = Held(), Metrics()
        self._model = Model("m")
        self.waiting: list[asyncio.Task[httpx.Response]] = []

    async def start(self) -> None:
        """Listen, then take as many requests as there is room for."""
        loop, stages = asyncio.get_running_loop(), partial(self._metrics.stages_of, "m")
        executor = Executor(self.engine, WORKERS, QUEUE, stages())
        executor.start(loop)
        scheduler = Scheduler(self.engine, executor, InlineLimit(0), stages, loop)
        for state in (ModelState.LOADING, ModelState.READY):
            self._model.lifecycle.advance(state)
        self._model.loaded = Loaded(self.engine, scheduler, ROWS)
        dataplane = DataPlane((self._model,))
        router = Router(dataplane.serves, self._metrics)
        V2Endpoints(dataplane, self._metrics).add_to(router)
        listening = bind("127.0.0.1", 0)
        Probes(lambda: "", lambda: render(self._metrics, {})).start(listening)
        self.probes: int = listening.getsockname()[1]
        shared = Shared(App(router, access_log=False), self._metrics, 100_000, 30.0, 30.0)
        self._http = HttpServer(shared, b"")
        port = await self._http.start("127.0.0.1", 0)
        limits = httpx.Limits(max_connections=WORKERS + QUEUE + 1)
        self.client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, limits=limits)
        self.waiting = [asyncio.create_task(self.ask()) for _ in range(WORKERS + QUEUE)]
        for _ in range(WORKERS):
            assert await asyncio.to_thread(self.engine.entered.acquire, timeout=30)

    async def ask(self) -> httpx.Response:
        """One inference."""
        return await self.client.post("/v2/models/m/infer", json=BODY)

    async def probe(self, path: str) -> httpx.Response:
        """From the port of probes and metrics, on a connection of its own as a kubelet's."""
        async with httpx.AsyncClient(timeout=30) as client:
            return await client.get(f"http://127.0.0.1:{self.probes}{path}")

    def probe_from_the_loop(self, *paths: str) -> list[httpx.Response]:
        """The same, on the event loop's thread, which runs nothing else meanwhile."""
        return [httpx.get(f"http://127.0.0.1:{self.probes}{path}", timeout=30) for path in paths]

    def held(self) -> bool:
        """No run has ended, and nobody has an answer."""
        return not self.engine.runs and not any(task.done() for task in self.waiting)

    async def stop(self) -> None:
        """Let everything end."""
        self.engine.opened.set()
        await asyncio.gather(*self.waiting, return_exceptions=True)
        await self.client.aclose()
        await self._http.finish(30)


@pytest.fixture
async def server() -> AsyncIterator[HeldServer]:
    """Held until the test is over, or opens the engine."""
    found = HeldServer()
    await found.start()
    yield found
    await found.stop()


async def until_queued(server: HeldServer) -> str:
    """The metrics, once the queue is full."""
    while f"slipway_requests_waiting {QUEUE}\n" not in (text := (await server.probe("/metrics")).text):
        assert server.held()
    return text


async def test_a_full_queue_refuses_before_any_worker_is_free(server: HeldServer) -> None:
    """The client is told at once and may go elsewhere; those who were let in get their answers."""
    await until_queued(server)

    refused = await asyncio.gather(*(server.ask() for _ in range(3)))

    assert server.held(), "it waited for a worker"
    assert [(each.status_code, each.headers["retry-after"]) for each in refused] == [(503, "1")] * 3
    server.engine.opened.set()
    answers = await asyncio.gather(*server.waiting)
    assert [each.json()["outputs"][0]["data"] for each in answers] == [[2, 4]] * (WORKERS + QUEUE)


async def test_probes_and_metrics_answer_before_any_worker_is_free(server: HeldServer) -> None:
    """A kubelet that is not answered kills the pod; a scrape that fails hides the load that caused it."""
    metrics = await until_queued(server)

    probes = [await server.probe(path) for path in ("/livez", "/readyz")]
    health = await server.client.get("/v2/health/ready")

    assert server.held(), "they waited for a worker"
    assert [each.status_code for each in (*probes, health)] == [200] * 3
    assert f"slipway_requests_in_flight {WORKERS + QUEUE}\n" in metrics


async def test_probes_and_metrics_answer_while_the_event_loop_stands_still(server: HeldServer) -> None:
    """A model whose cost hides in its values stops the loop for a few runs; probes must not stop with it."""
    answers = server.probe_from_the_loop("/livez", "/readyz", "/metrics")

    assert [each.status_code for each in answers] == [200] * 3
    assert server.held()
