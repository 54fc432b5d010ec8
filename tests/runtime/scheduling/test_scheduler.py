"""Where requests run: at once, together at the end of the loop's turn, or on a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from engine_doubles import Doubler, Works, never
from scheduling_world import Unlearning
from slipway_runtime.errors import DeadlineExceeded, InvalidRequest
from slipway_runtime.protocol.tensors import Array
from slipway_runtime.scheduling.batching import Batching
from slipway_runtime.scheduling.executor import Executor
from slipway_runtime.scheduling.gathering import TURN_SECONDS
from slipway_runtime.scheduling.inline import STRIKES, InlineLimit
from slipway_runtime.scheduling.scheduler import Scheduler
from slipway_runtime.telemetry.stages import Stages

SHARING = Batching(("x",), one_shape=True, max_rows=8, loop_rows=4, thread_rows=4, loop_elements=64)


def where() -> bool:
    """True on the thread of the test, which is the event loop's."""
    return threading.current_thread() is threading.main_thread()


class Spied(InlineLimit):
    """Remembers what it was told."""

    __slots__ = ("told",)

    def __init__(self) -> None:
        super().__init__(100)
        self.told: list[float] = []

    def observe(self, seconds: float) -> None:
        """Remember it."""
        self.told.append(seconds)


def scheduling(
    engine: Doubler | Works,
    batching: Batching | None = None,
    clock: Callable[[], float] = perf_counter,
    limit: InlineLimit | None = None,
) -> tuple[Scheduler, Stages]:
    """A scheduler that takes a hundred elements for small, and what it counts."""
    loop, stages = asyncio.get_running_loop(), Stages()
    executor = Executor(engine, 1, 10, stages, max_rows=8)
    executor.start(loop)
    limit = limit or InlineLimit(100)
    made = Scheduler(engine, executor, limit, lambda: stages, loop, batching=batching, clock=clock)
    return made, stages


async def ask(scheduler: Scheduler, inputs: Any, elements: int = 1, seconds: float = 30) -> list[Array]:
    """One request."""
    answer = scheduler.submit(inputs, ("doubled",), elements, perf_counter() + seconds, never)
    return answer if isinstance(answer, list) else await answer


def rows(*values: float) -> dict[str, Array]:
    """So many rows."""
    return {"x": np.array([[value, value] for value in values], dtype=np.float32)}


@pytest.mark.parametrize(("elements", "at_once"), [(1, True), (100, True), (101, False)])
async def test_small_requests_run_at_once_and_larger_ones_on_a_thread(elements: int, at_once: object) -> None:
    """A hop to a thread costs as much as a small model; a large model on the loop stops everybody else."""
    scheduler, _ = scheduling(Works())

    assert await ask(scheduler, {"work": where}, elements) == [at_once]


async def test_a_model_whose_cost_hides_in_its_values_ends_up_on_the_threads() -> None:
    """A loop inside a graph can take seconds for one element; the server must stay responsive."""
    times = iter(range(1000))
    scheduler, _ = scheduling(Works(), clock=lambda: float(next(times)))

    places = [await ask(scheduler, {"work": where}, seconds=2000) for _ in range(STRIKES + 1)]

    assert places == [[True]] * STRIKES + [[False]]


def test_one_slow_run_now_and_then_changes_nothing() -> None:
    """On a busy machine any run may be held up."""
    limit = InlineLimit(100)

    for _ in range(100):
        limit.observe(1.0)
        limit.observe(0.0001)

    assert limit.elements == 100


async def test_a_request_that_comes_alone_runs_where_it_is() -> None:
    """Nobody waits for company that may never come."""
    scheduler, _ = scheduling(Doubler(), SHARING)

    for _ in range(3):
        assert isinstance(scheduler.submit(rows(1), ("doubled",), 2, perf_counter() + 30, never), list)
        await asyncio.sleep(0)


async def test_requests_of_one_turn_share_a_run_and_get_their_own_rows() -> None:
    """Most of a small model's run is fixed cost."""
    engine = Doubler()
    scheduler, stages = scheduling(engine, SHARING)

    answers = await asyncio.gather(*(ask(scheduler, rows(number, -number), 4) for number in range(5)))

    assert [answer[0].tolist() for answer in answers] == [
        [[2 * number] * 2, [-2 * number] * 2] for number in range(5)
    ]
    assert [len(run) for run in engine.runs] == [2, 8]
    assert {size: spent.runs for size, spent in stages.sizes.items()} == {2: 1, 8: 1}
    assert stages.queue.count == 5


async def test_a_request_that_fails_does_not_fail_its_neighbours() -> None:
    """They did nothing wrong, and did not choose their company."""
    scheduler, stages = scheduling(Doubler(), SHARING)

    answers = await asyncio.gather(
        *(ask(scheduler, rows(value), 2) for value in (1, 2, 666, 4)), return_exceptions=True
    )

    assert isinstance(answers[2], InvalidRequest)
    assert [each[0][0, 0] for each in answers if isinstance(each, list)] == [2, 4, 8]
    assert stages.queue.count == 3


async def test_requests_for_other_outputs_do_not_share_a_run() -> None:
    """Each gets what it asked for and nothing else is computed."""
    engine = Doubler()
    scheduler, _ = scheduling(engine, SHARING)

    async def wanting(*names: str) -> list[Array]:
        answer = scheduler.submit(rows(1), names, 2, perf_counter() + 30, never)
        return answer if isinstance(answer, list) else await answer

    await asyncio.gather(wanting("doubled"), wanting("doubled"), wanting("a", "b"), wanting("doubled"))

    assert sorted(len(run) for run in engine.runs) == [1, 1, 2]


async def test_requests_too_large_to_share_are_read_first_and_run_one_after_the_other() -> None:
    """Between two runs, which empty the processor's caches, reading the next request costs more."""
    engine = Doubler()
    scheduler, _ = scheduling(engine, SHARING)
    large = [rows(*[number] * 5) for number in range(3)]

    asked = [scheduler.submit(each, ("doubled",), 10, perf_counter() + 30, never) for each in large]

    assert [isinstance(answer, list) for answer in asked] == [True, False, False]
    assert len(engine.runs) == 1
    answers = [answer if isinstance(answer, list) else await answer for answer in asked]
    assert [len(run) for run in engine.runs] == [5, 5, 5]
    assert [answer[0].tolist() for answer in answers] == [[[2 * number] * 2] * 5 for number in range(3)]


async def test_after_some_milliseconds_of_runs_others_get_a_turn() -> None:
    """Answers that are ready go out, and who has just connected is read, however many requests wait."""
    ticks = iter(range(10**6))
    scheduler, _ = scheduling(
        Doubler(), SHARING, lambda: next(ticks) * TURN_SECONDS / 8, limit=Unlearning(100)
    )
    order: list[str] = []

    async def asking(name: str) -> None:
        await ask(scheduler, rows(*[1] * 5), 10)
        order.append(name)

    tasks = [asyncio.create_task(asking(f"request {number}")) for number in range(8)]
    await asyncio.sleep(0)
    turns = 0
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0)
        turns += 1
        order.append("turn")

    assert [name for name in order if name != "turn"] == [f"request {number}" for number in range(8)]
    together = "".join("t" if name == "turn" else "r" for name in order).split("t")
    assert 1 < max(map(len, together)) < len(tasks) - 1, order
    assert turns > 1


async def test_what_is_late_already_does_not_run() -> None:
    """Its client has given up; others have not."""
    engine = Doubler()
    scheduler, _ = scheduling(engine, SHARING)

    with pytest.raises(DeadlineExceeded):
        await ask(scheduler, rows(1), seconds=-1)

    assert engine.runs == []


async def test_a_shared_run_is_judged_by_what_each_of_its_requests_took() -> None:
    """Else the sharing itself would look slow, and everything would go to the threads for good."""
    times, limit = iter(range(1000)), Spied()
    scheduler, _ = scheduling(Doubler(), SHARING, lambda: float(next(times)), limit)

    await asyncio.gather(*(ask(scheduler, rows(number), 2, seconds=1e6) for number in range(5)))

    assert limit.told == [1.0, 0.25]
