import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from fake_clock import FakeClock, breathe
from slipway_operator.api.types import Key
from slipway_operator.kube import errors
from slipway_operator.kube.queue import WorkQueue
from slipway_operator.kube.workers import Workers

A, B = Key("models", "a"), Key("models", "b")


@dataclass
class Meter:
    """Queue gauges and reconcile meter, as lists."""

    results: list[tuple[Key, str]] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    def added(self, priority: int) -> None:
        """Not looked at."""

    def depth(self, size: int) -> None:
        """Not looked at."""

    def started(self, waited: float) -> None:
        """Not looked at."""

    def retried(self) -> None:
        """Not looked at."""

    def begun(self, key: Key) -> None:
        """Not looked at."""

    def ended(self, key: Key, result: str) -> None:
        """A look ended."""
        self.results.append((key, result))
        self.heard.set()


class Bench:
    """Two workers with a reconcile that the test gives."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.meter = Meter()
        self.queue = WorkQueue(self.clock, self.meter)
        self.gate = asyncio.Event()
        self.looks: list[Key] = []
        self.reconcile: Callable[[Key], Awaitable[float | None]] = self.nothing
        self.workers = Workers(
            self.queue,
            self.look,
            count=2,
            gate=self.gate.wait,
            clock=self.clock,
            meter=self.meter,
            seconds=0.2,
        )
        self.workers.start()

    async def look(self, key: Key) -> float | None:
        """Counts, and does what the test says."""
        self.looks.append(key)
        return await self.reconcile(key)

    async def nothing(self, _: Key) -> float | None:
        """All is well."""
        return None


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """Workers whose gate is open."""
    made = Bench()
    made.gate.set()
    yield made
    await made.workers.stop(0)


async def test_nothing_is_done_before_the_gate_opens() -> None:
    """A standby operator fills its stores and writes nothing."""
    bench = Bench()
    bench.queue.add(A)
    await breathe()
    assert bench.looks == []
    bench.gate.set()
    await breathe()
    assert bench.looks == [A]
    await bench.workers.stop(0)


async def test_a_look_that_fails_comes_again_after_its_errors_back_off(bench: Bench) -> None:
    """The class of an error is its retry policy."""

    async def forbidden(_: Key) -> float | None:
        raise errors.Forbidden("no")

    bench.reconcile = forbidden
    bench.queue.add(A)
    await breathe()
    await bench.clock.advance(3)
    assert bench.looks == [A]
    await bench.clock.advance(4)
    assert bench.looks == [A, A]
    assert bench.meter.results[0] == (A, "error")


async def test_a_namespace_on_its_way_out_is_no_warning(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """Deleting a namespace is a daily thing; it must not read as a fault."""

    async def terminating(_: Key) -> float | None:
        raise errors.Terminating("being terminated")

    bench.reconcile = terminating
    with caplog.at_level(logging.INFO):
        bench.queue.add(A)
        await breathe()
    assert [record.levelname for record in caplog.records] == ["INFO"]


async def test_a_blocked_object_is_no_hot_loop(bench: Bench) -> None:
    """However often its children change, a write that is refused is tried at most every few seconds."""

    async def refused(_: Key) -> float | None:
        raise errors.QuotaExceeded("no room")

    bench.reconcile = refused
    for _ in range(600):
        bench.queue.add(A)
        await bench.clock.advance(0.1)
    assert len(bench.looks) <= 60 / 5


async def test_a_bug_is_logged_with_its_traceback_and_holds_up_nobody(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """One object that trips over a bug of ours must not take the operator down."""

    async def bug(key: Key) -> float | None:
        if key == A:
            raise ZeroDivisionError
        return None

    bench.reconcile = bug
    with caplog.at_level(logging.ERROR):
        bench.queue.add(A)
        bench.queue.add(B)
        await breathe()
    assert (A, "error") in bench.meter.results
    assert (B, "success") in bench.meter.results
    assert "ZeroDivisionError" in caplog.text


async def test_a_look_that_hangs_is_cut_off_and_retried(bench: Bench) -> None:
    """A worker that never comes back is a worker less, for ever."""
    release = asyncio.Event()

    async def hang(_: Key) -> float | None:
        await release.wait()
        return None

    bench.reconcile = hang
    bench.queue.add(A)
    async with asyncio.timeout(5):
        await bench.meter.heard.wait()
    assert bench.meter.results == [(A, "timeout")]
    assert bench.workers.running == {}


async def test_a_look_that_asks_to_be_repeated_is(bench: Bench) -> None:
    """`requeue_after` reaches the queue."""

    async def later(_: Key) -> float | None:
        return 30.0

    bench.reconcile = later
    bench.queue.add(A)
    await breathe()
    assert bench.meter.results == [(A, "requeue_after")]
    await bench.clock.advance(31)
    assert bench.looks == [A, A]


async def test_stopping_lets_what_runs_finish_and_starts_nothing_new(bench: Bench) -> None:
    """SIGTERM in the middle of a plan: the prefix that is under way is completed."""
    release = asyncio.Event()
    finished = []

    async def slow(key: Key) -> float | None:
        await release.wait()
        finished.append(key)
        return None

    bench.reconcile = slow
    bench.queue.add(A)
    await breathe()
    stopping = asyncio.create_task(bench.workers.stop(5))
    await breathe()
    bench.queue.add(B)
    release.set()
    await stopping
    assert finished == [A]


async def test_stopping_does_not_wait_for_ever(bench: Bench) -> None:
    """The pod's grace period ends in SIGKILL; the Lease should be released before."""

    async def hang(_: Key) -> float | None:
        await asyncio.Event().wait()
        return None

    bench.reconcile = hang
    bench.queue.add(A)
    await breathe()
    async with asyncio.timeout(5):
        await bench.workers.stop(0.05)
