"""Small gRPC requests to a busy model: a real server and client around an engine that a test holds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from threading import Semaphore
from typing import Any

import grpc
import numpy as np
import pytest

from engine_doubles import POISON, ROWS, Held
from rpc_client import INFERENCE, RpcClient, add_raw, infer_request, raw_output, rpc
from slipway_runtime.dataplane import DataPlane
from slipway_runtime.lifecycle.model import Loaded, Model
from slipway_runtime.lifecycle.state import ModelState
from slipway_runtime.rpc.messages import message
from slipway_runtime.rpc.server import THREADS, Conditions, GrpcServer
from slipway_runtime.scheduling.batching import Batching
from slipway_runtime.scheduling.executor import Executor
from slipway_runtime.scheduling.inline import InlineLimit
from slipway_runtime.scheduling.scheduler import Scheduler
from slipway_runtime.telemetry.metrics import Metrics

SHARING = Batching(("x",), one_shape=True, max_rows=64, loop_rows=4, thread_rows=4, loop_elements=1024)
WAITING = 3 * THREADS


class Counting(DataPlane):
    """Lets a test wait until so many requests were taken, and their threads are free again."""

    def __init__(self, models: tuple[Model, ...]) -> None:
        super().__init__(models)
        self.taken = Semaphore(0)

    def infer_here(self, *asked: Any) -> bool:
        """See DataPlane; the first one is counted when it runs, by its engine."""
        here = super().infer_here(*asked)
        self.taken.release()
        return here


class Behind:
    """A model behind gRPC.

    Attributes:
        engine: the model.
        dataplane: counts.
        metrics: of the server.
        port: of the server.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.engine, self.metrics = Held(), Metrics()
        model = Model("m")
        for state in (ModelState.LOADING, ModelState.READY):
            model.lifecycle.advance(state)
        stages = partial(self.metrics.stages_of, "m")
        executor = Executor(self.engine, 1, 100, stages())
        scheduler = Scheduler(self.engine, executor, InlineLimit(100), stages, loop, batching=SHARING)
        model.loaded = Loaded(self.engine, scheduler, ROWS)
        conditions = Conditions("r", 30.0, 0.0, 100_000)
        self.dataplane = Counting((model,))
        self._server = GrpcServer(self.dataplane, self.metrics, loop, conditions)
        (self.port,) = self._server.start("127.0.0.1", [0])

    def taken(self, count: int) -> bool:
        """Wait until so many more requests were taken."""
        return all(self.dataplane.taken.acquire(timeout=30) for _ in range(count))

    def close(self) -> None:
        """Let everything end."""
        self.engine.opened.set()
        assert self._server.finish(30)


@pytest.fixture
def server() -> Iterator[Behind]:
    """Its event loop stands still: nothing of this may need it."""
    loop = asyncio.new_event_loop()
    found = Behind(loop)
    yield found
    found.close()
    loop.close()


def start(client: RpcClient, value: float) -> Any:
    """Begin a request of one row."""
    request = add_raw(infer_request(), "x", np.full((1, 2), value, np.float32))
    return client.start(f"/{INFERENCE}/ModelInfer", request.SerializeToString())


def first_number(call: Any) -> float:
    """In its answer."""
    answer = message("inference.ModelInferResponse").FromString(call.result())
    return float(raw_output(answer, 0, np.float32)[0, 0])


def test_small_requests_that_come_while_the_model_is_busy_share_one_run(server: Behind) -> None:
    """Three times as many as there are threads: none is held by a request that waits, all go in one run."""
    with rpc(server.port) as client:
        calls = [start(client, 0.5)]
        assert server.engine.entered.acquire(timeout=30)
        calls += [start(client, value) for value in range(WAITING)]
        assert server.taken(WAITING)
        assert not any(call.done() for call in calls)

        server.engine.opened.set()

        assert [first_number(call) for call in calls] == [1.0, *(2.0 * value for value in range(WAITING))]
    assert [len(run) for run in server.engine.runs] == [1, WAITING]


def test_a_bad_request_in_company_fails_alone_and_is_counted(server: Behind) -> None:
    """Its code is its own; its neighbours get what they asked for."""
    with rpc(server.port) as client:
        calls = [start(client, 0.5)]
        assert server.engine.entered.acquire(timeout=30)
        calls += [start(client, value) for value in (1, POISON, 2)]
        assert server.taken(3)

        server.engine.opened.set()

        assert calls[2].exception().code() is grpc.StatusCode.INVALID_ARGUMENT
        assert [first_number(calls[index]) for index in (0, 1, 3)] == [1.0, 2.0, 4.0]
    answers = server.metrics.all_answers()["m", "v2-grpc"]
    assert answers.codes == {0: 3, 3: 1}
    assert server.metrics.all_stages()["m"].failures["invalid"].count == 1


def test_a_server_without_calls_ends_in_peace() -> None:
    """It is told that all is over before it has finished asking: a crash here is a pod that failed."""
    loop = asyncio.new_event_loop()
    for _ in range(20):
        Behind(loop).close()
    loop.close()
