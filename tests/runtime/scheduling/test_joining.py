"""Small requests of several threads: who runs at once, who shares the next run, and what each is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from engine_doubles import POISON, Doubler, Held, never
from slipway_runtime.errors import ClientGone, DeadlineExceeded, EngineFailed, InvalidRequest, Overloaded
from slipway_runtime.protocol.tensors import Array
from slipway_runtime.scheduling.batching import Batching
from slipway_runtime.scheduling.call import Call
from slipway_runtime.scheduling.inline import InlineLimit
from slipway_runtime.scheduling.joining import Joining, Told
from slipway_runtime.scheduling.run import Result
from slipway_runtime.telemetry.stages import Stages

SHARING = Batching(("x",), one_shape=True, max_rows=64, loop_rows=4, thread_rows=4, loop_elements=1024)


def inputs(*values: float) -> dict[str, Array]:
    """So many rows."""
    return {"x": np.array([[value, value] for value in values], dtype=np.float32)}


class Threads:
    """Requests of threads to one model, and what each was told.

    Args:
        engine: the model.
        max_queue: that may wait.
    """

    def __init__(self, engine: Doubler, max_queue: int = 100) -> None:
        self.stages = Stages()
        self.engine = engine
        self.told: dict[float, list[Result]] = {}
        self.joining = Joining(
            engine, SHARING, InlineLimit(100), lambda: self.stages, max_queue, clock=perf_counter
        )

    def ask(
        self,
        value: float,
        *,
        outputs: Sequence[str] = ("doubled",),
        seconds: float = 30,
        abandoned: Callable[[], bool] = never,
    ) -> None:
        """One request of one row, as the scheduler makes it."""
        told = self.told.setdefault(value, [])
        if self.joining.enter():
            told.append(self.engine.run(inputs(value), outputs))
            if not self.joining.leave():
                self.joining.run_waiting()
            return
        now = perf_counter()
        group = tuple(outputs)
        waiter = Told(told.append)
        self.joining.add(Call(inputs(value), outputs, 1, 2, group, now + seconds, abandoned, waiter, now))

    def answers(self) -> dict[float, Any]:
        """By request: its first number, or the kind of its fault; each was told once."""
        return {value: _short(*told) for value, told in self.told.items()}

    @contextmanager
    def busy(self, engine: Held) -> Iterator[None]:
        """The model runs for another thread meanwhile; afterwards that thread is done."""
        thread = threading.Thread(target=self.ask, args=(0.5,))
        thread.start()
        assert engine.entered.acquire(timeout=30)
        try:
            yield
        finally:
            engine.opened.set()
            thread.join(30)


def _short(result: Result) -> Any:
    return type(result) if isinstance(result, BaseException) else float(result[0][0, 0])


def sizes(engine: Doubler) -> list[int]:
    """Rows of each run."""
    return [len(run) for run in engine.runs]


def test_what_comes_while_a_run_is_under_way_shares_the_next_one() -> None:
    """Most of a small run is fixed cost; and no thread stands and waits for its turn."""
    engine = Held()
    threads = Threads(engine)

    with threads.busy(engine):
        for value in (1, 2, 3, 4, 5):
            threads.ask(value)
        assert not any(threads.told[value] for value in (1, 2, 3, 4, 5))

    assert sizes(engine) == [1, 5]
    assert threads.answers() == {0.5: 1, 1: 2, 2: 4, 3: 6, 4: 8, 5: 10}
    assert {size: spent.runs for size, spent in threads.stages.sizes.items()} == {5: 1}


def test_a_request_that_comes_alone_runs_at_once_on_its_thread() -> None:
    """Nobody waits for company that may never come."""
    engine = Doubler()
    threads = Threads(engine)

    for value in (1, 2, 3):
        threads.ask(value)

    assert sizes(engine) == [1, 1, 1]
    assert threads.answers() == {1: 2, 2: 4, 3: 6}


def test_a_bad_request_fails_alone_and_other_outputs_run_apart() -> None:
    """Nobody chooses their company."""
    engine = Held()
    threads = Threads(engine)

    with threads.busy(engine):
        for value in (1, POISON, 2):
            threads.ask(value)
        threads.ask(3, outputs=("a", "b"))

    assert sizes(engine) == [1, 3, 1, 1, 1, 1]
    assert threads.answers() == {0.5: 1, 1: 2, POISON: InvalidRequest, 2: 4, 3: 6}


def test_what_is_late_or_left_does_not_run_and_the_queue_is_bounded() -> None:
    """A row that nobody waits for costs those who do; a queue without an end costs everybody."""
    engine = Held()
    threads = Threads(engine, max_queue=3)

    with threads.busy(engine):
        threads.ask(1, seconds=-1)
        threads.ask(2, abandoned=lambda: True)
        threads.ask(3)
        threads.ask(4)  # those two make room first
        threads.ask(5)
        threads.ask(6)

    assert sizes(engine) == [1, 3]
    assert threads.answers() == {
        0.5: 1, 1: DeadlineExceeded, 2: ClientGone, 3: 6, 4: 8, 5: 10, 6: Overloaded
    }  # fmt: skip


def test_a_call_that_finds_the_place_free_after_all_is_run_by_its_own_thread() -> None:
    """Between the look and the queue the other thread may have gone; nobody would come for the call."""
    engine = Doubler()
    threads = Threads(engine)
    told: list[Result] = []

    assert threads.joining.enter()
    assert threads.joining.leave()
    now = perf_counter()
    threads.joining.add(Call(inputs(7), ("doubled",), 1, 2, (), now + 30, never, Told(told.append), now))

    assert [_short(each) for each in told] == [14]
    assert threads.joining.enter(), "the place was not given back"


class Alone(Doubler):
    """Fails when two threads run it at once."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def run(self, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """See Doubler."""
        if not self._lock.acquire(blocking=False):
            raise EngineFailed("two runs at once")
        try:
            return super().run(inputs, outputs)
        finally:
            self._lock.release()


@pytest.mark.parametrize("count", [2, 8])
def test_many_threads_get_each_their_own_answer_once(count: int) -> None:
    """Whatever the order in which they meet, no request is lost, told twice or given another's rows."""
    engine = Alone()
    threads = Threads(engine, max_queue=10_000)
    begin = threading.Barrier(count)

    def work(first: int) -> None:
        begin.wait(30)
        for value in range(first, first + 300):
            threads.ask(value)

    pool = [threading.Thread(target=work, args=(1000 * number,)) for number in range(count)]
    for thread in pool:
        thread.start()
    for thread in pool:
        thread.join(60)

    expected = {
        1000 * number + value: 2 * (1000 * number + value) for number in range(count) for value in range(300)
    }
    assert threads.answers() == expected
    assert sum(sizes(engine)) == len(expected)
