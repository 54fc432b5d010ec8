"""Threads behind a bounded queue: admission, order, deadlines, and clients that leave."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from engine_doubles import Works, call_of, never, waiting
from slipway_runtime.errors import ClientGone, DeadlineExceeded, InvalidRequest, Overloaded
from slipway_runtime.scheduling.executor import Executor
from slipway_runtime.telemetry.stages import Stages


class Gate:
    """Work that goes on when the test says so."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.entered = threading.Event()

    def work(self) -> str:
        """Wait on an engine thread."""
        self.entered.set()
        assert self.opened.wait(30)
        return "gated"


class Marks:
    """Work that leaves a mark, so that a test sees whether and when it ran."""

    def __init__(self) -> None:
        self.left: list[int] = []

    def work(self, number: int = 1) -> Callable[[], str]:
        """Work that leaves this mark."""

        def run() -> str:
            self.left.append(number)
            return "marked"

        return run


class Client:
    """Somebody who may leave."""

    def __init__(self) -> None:
        self.gone = False

    def left(self) -> bool:
        """Nobody waits any more."""
        return self.gone


@asynccontextmanager
async def executor(threads: int = 1, max_queue: int = 2) -> AsyncIterator[Executor]:
    """A started executor."""
    made = Executor(Works(), threads, max_queue, Stages())
    made.start(asyncio.get_running_loop())
    try:
        yield made
    finally:
        made.stop()


def submit(
    runner: Executor, work: Callable[[], str], seconds: float = 30, abandoned: Callable[[], bool] = never
) -> asyncio.Task[str]:
    """Run work in a task."""

    async def ask() -> str:
        future = waiting()
        runner.enter(call_of({"work": work}, future, seconds=seconds, abandoned=abandoned))
        return str((await future)[0])

    return asyncio.create_task(ask())


async def entered(gate: Gate) -> None:
    """Until a thread is inside."""
    assert await asyncio.to_thread(gate.entered.wait, 30)


async def test_work_runs_on_a_thread_and_its_result_comes_back() -> None:
    """The event loop stays free for other clients meanwhile."""
    async with executor() as runner:
        assert await submit(runner, lambda: threading.current_thread().name) == "engine-0"


async def test_what_work_raises_reaches_its_own_caller_only() -> None:
    """A request that fails must not fail its neighbours."""

    def broken() -> str:
        raise InvalidRequest("no")

    async with executor() as runner:
        failing, fine = submit(runner, broken), submit(runner, lambda: "fine")

        with pytest.raises(InvalidRequest):
            await failing
        assert await fine == "fine"


async def test_as_many_jobs_run_at_once_as_there_are_threads() -> None:
    """The container's CPUs are used, and no more."""
    gates = [Gate(), Gate(), Gate()]
    async with executor(threads=2) as runner:
        tasks = [submit(runner, gate.work) for gate in gates]
        await entered(gates[0])
        await entered(gates[1])

        assert not gates[2].entered.is_set()
        for gate in gates:
            gate.opened.set()
        assert await asyncio.gather(*tasks) == ["gated"] * 3


async def test_a_full_queue_refuses_at_once() -> None:
    """A client that is told to come back can; one that waits for a minute and then fails has lost it."""
    gate = Gate()
    async with executor(threads=1, max_queue=2) as runner:
        tasks = [submit(runner, gate.work) for _ in range(3)]
        await entered(gate)

        with pytest.raises(Overloaded, match="2 requests are waiting"):
            await submit(runner, gate.work)
        gate.opened.set()
        await asyncio.gather(*tasks)


async def test_a_queue_of_none_still_lets_free_threads_work() -> None:
    """max_queue 0 means: never wait."""
    async with executor(threads=1, max_queue=0) as runner:
        assert await submit(runner, lambda: "ran") == "ran"


async def test_waiting_jobs_run_in_the_order_they_came() -> None:
    """Nobody is overtaken for ever."""
    gate, marks = Gate(), Marks()
    async with executor(threads=1, max_queue=10) as runner:
        first = submit(runner, gate.work)
        await entered(gate)
        others = [submit(runner, marks.work(number)) for number in range(5)]
        await asyncio.sleep(0)
        gate.opened.set()
        await asyncio.gather(first, *others)

    assert marks.left == [0, 1, 2, 3, 4]


async def test_a_job_whose_time_is_over_while_it_waits_is_answered_then_and_never_runs() -> None:
    """Its client has given up by the time a thread is free; running it would delay those who have not."""
    gate, marks = Gate(), Marks()
    async with executor(threads=1) as runner:
        first = submit(runner, gate.work)
        await entered(gate)
        late = submit(runner, marks.work(), seconds=0.01)

        with pytest.raises(DeadlineExceeded):
            await late
        gate.opened.set()
        await first
        assert await submit(runner, lambda: "next") == "next"

    assert marks.left == []


async def test_a_run_that_takes_too_long_is_answered_on_time() -> None:
    """The timeout holds for the client, although the engine cannot be interrupted."""
    gate = Gate()
    async with executor(threads=1) as runner:
        slow = submit(runner, gate.work, seconds=0.05)

        with pytest.raises(DeadlineExceeded):
            await slow
        gate.opened.set()
        assert await submit(runner, lambda: "next") == "next"


async def test_a_job_whose_client_left_is_dropped_when_its_turn_comes() -> None:
    """Nobody waits for it; others do."""
    gate, marks, client = Gate(), Marks(), Client()
    async with executor(threads=1) as runner:
        first = submit(runner, gate.work)
        await entered(gate)
        left = submit(runner, marks.work(), abandoned=client.left)
        await asyncio.sleep(0)
        client.gone = True
        gate.opened.set()

        with pytest.raises(ClientGone):
            await left
        await first

    assert marks.left == []


async def test_clients_that_left_make_room_before_anybody_is_refused() -> None:
    """A queue full of the dead must not turn the living away."""
    gate, client = Gate(), Client()
    async with executor(threads=1, max_queue=2) as runner:
        first = submit(runner, gate.work)
        await entered(gate)
        left = [submit(runner, gate.work, abandoned=client.left) for _ in range(2)]
        await asyncio.sleep(0)
        client.gone = True
        living = submit(runner, lambda: "let in")
        await asyncio.sleep(0)
        gate.opened.set()

        assert await living == "let in"
        ends = await asyncio.gather(*left, return_exceptions=True)
        assert [type(end) for end in ends] == [ClientGone, ClientGone]
        await first


async def test_a_cancelled_waiter_leaves_the_queue() -> None:
    """Its place is somebody else's."""
    gate, marks = Gate(), Marks()
    async with executor(threads=1) as runner:
        first = submit(runner, gate.work)
        await entered(gate)
        cancelled = submit(runner, marks.work())
        await asyncio.sleep(0)
        cancelled.cancel()
        gate.opened.set()
        await first
        await submit(runner, lambda: "next")

    assert marks.left == []


async def test_waiting_and_running_are_measured_apart() -> None:
    """Whoever tunes a server has to know whether it waits or works."""
    stages = Stages()
    runner = Executor(Works(), 1, 10, stages)
    runner.start(asyncio.get_running_loop())
    gate = Gate()

    first, second = submit(runner, gate.work), submit(runner, lambda: "")
    await entered(gate)
    gate.opened.set()
    await asyncio.gather(first, second)
    runner.stop()

    assert (sum(stages.queue.counts), sum(stages.compute.counts)) == (2, 2)
    assert stages.queue.total > 0
