"""Where requests run: at once, or on a thread."""

from __future__ import annotations

import asyncio
import threading
from time import perf_counter

import pytest

from slipway_runtime.scheduling.executor import Executor
from slipway_runtime.scheduling.inline import STRIKES, InlineLimit
from slipway_runtime.scheduling.scheduler import Scheduler
from slipway_runtime.telemetry.metrics import Stages


def never() -> bool:
    """Somebody waits."""
    return False


def where() -> bool:
    """True on the event loop's own thread."""
    return threading.current_thread() is threading.main_thread()


@pytest.fixture
async def executor() -> Executor:
    """A started executor."""
    made = Executor(1, 10, Stages())
    made.start(asyncio.get_running_loop())
    return made


@pytest.mark.parametrize(("elements", "at_once"), [(1, True), (100, True), (101, False)])
async def test_small_requests_run_at_once_and_larger_ones_on_a_thread(
    executor: Executor, elements: int, at_once: object
) -> None:
    """A hop to a thread costs as much as a small model; a large model on the loop stops everybody else."""
    scheduler = Scheduler(executor, InlineLimit(100), Stages())

    assert await scheduler.submit(where, elements, perf_counter() + 30, never) is at_once


async def test_a_model_whose_cost_hides_in_its_values_ends_up_on_the_threads(executor: Executor) -> None:
    """A loop inside a graph can take seconds for one element; the server must stay responsive."""
    times = iter(range(1000))
    scheduler = Scheduler(executor, InlineLimit(100), Stages(), clock=lambda: float(next(times)))

    places = [await scheduler.submit(where, 1, perf_counter() + 30, never) for _ in range(STRIKES + 1)]

    assert places == [True] * STRIKES + [False]


def test_one_slow_run_now_and_then_changes_nothing() -> None:
    """On a busy machine any run may be held up."""
    limit = InlineLimit(100)

    for _ in range(100):
        limit.observe(1.0)
        limit.observe(0.0001)

    assert limit.elements == 100
