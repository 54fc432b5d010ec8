import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_clock import FakeClock, breathe
from slipway_operator.api.types import Key
from slipway_operator.kube.clock import Backoff
from slipway_operator.kube.queue import LAZY, URGENT, USUAL, QueueClosed, WorkQueue

A, B, C = Key("models", "a"), Key("models", "b"), Key("models", "c")
FLAT = Backoff(10.0, 10.0)


@dataclass
class Counted:
    """The queue's gauges as plain numbers."""

    adds: int = 0
    retries: int = 0
    size: int = 0
    waits: list[float] = field(default_factory=list)

    def added(self, priority: int) -> None:
        """A key was asked for."""
        del priority
        self.adds += 1

    def depth(self, size: int) -> None:
        """That many keys are ready."""
        self.size = size

    def started(self, waited: float) -> None:
        """A key was handed out."""
        self.waits.append(waited)

    def retried(self) -> None:
        """A key failed."""
        self.retries += 1


@dataclass
class Bench:
    """A queue with its clock and gauges, and a way to look without waiting."""

    clock: FakeClock = field(default_factory=FakeClock)
    gauges: Counted = field(default_factory=Counted)

    def __post_init__(self) -> None:
        self.queue = WorkQueue(self.clock, self.gauges)

    async def take(self) -> Key | None:
        """What `get` gives right now, if anything."""
        wanted = asyncio.ensure_future(self.queue.get())
        await breathe()
        if wanted.done():
            return wanted.result()
        wanted.cancel()
        return None

    async def drain(self) -> list[Key]:
        """Everything that is ready, in order."""
        taken = []
        while (key := await self.take()) is not None:
            taken.append(key)
        return taken


@pytest.fixture
def bench() -> Bench:
    """An empty queue."""
    return Bench()


async def test_a_key_woken_many_times_is_worked_on_once(bench: Bench) -> None:
    """A rolling Deployment sends dozens of events a second; each must not cost a reconcile."""
    for _ in range(50):
        bench.queue.add(A)
    assert await bench.drain() == [A]


async def test_a_users_change_goes_before_everything_that_can_wait(bench: Bench) -> None:
    """Somebody's `kubectl apply` must not queue behind ten thousand first sights after a restart."""
    bench.queue.add(A, priority=LAZY)
    bench.queue.add(B, priority=USUAL)
    bench.queue.add(C, priority=URGENT)
    assert await bench.drain() == [C, B, A]


async def test_a_more_urgent_wish_for_a_waiting_key_replaces_the_lazier_one(bench: Bench) -> None:
    """A change to an object that waits for its first sight counts as a change."""
    bench.queue.add(A, priority=LAZY)
    bench.queue.add(B, priority=LAZY)
    bench.queue.add(B, priority=URGENT)
    assert await bench.drain() == [B, A]


async def test_a_delayed_key_comes_when_it_is_due_and_not_before(bench: Bench) -> None:
    """Deadlines and gates are re-checked by the clock alone, with no event to help."""
    bench.queue.add(A, after=30)
    await bench.clock.advance(29.9)
    assert await bench.take() is None
    await bench.clock.advance(0.2)
    assert await bench.take() == A


async def test_a_waiting_worker_is_woken_by_a_delay_that_ends(bench: Bench) -> None:
    """No polling: the worker sleeps exactly until the next key is due."""
    wanted = asyncio.ensure_future(bench.queue.get())
    bench.queue.add(A, after=60)
    bench.queue.add(B, after=5)
    await bench.clock.advance(5)
    assert await wanted == B


async def test_an_event_brings_a_delayed_key_forward(bench: Bench) -> None:
    """A pod that becomes ready must show at once, not at the next timed look."""
    bench.queue.add(A, after=600)
    bench.queue.add(A)
    assert await bench.take() == A
    bench.queue.done(A)
    await bench.clock.advance(700)
    assert await bench.take() is None


async def test_a_key_is_never_worked_on_twice_at_the_same_time(bench: Bench) -> None:
    """Two reconciles of one object in parallel would race each other's writes."""
    bench.queue.add(A)
    assert await bench.take() == A
    bench.queue.add(A, priority=URGENT)
    assert await bench.take() is None
    bench.queue.done(A)
    assert await bench.take() == A


async def test_a_failed_key_comes_again_after_its_back_off(bench: Bench) -> None:
    """A failure is retried by itself, without an event."""
    bench.queue.add(A)
    await bench.take()
    delay = bench.queue.failed(A, FLAT)
    assert 7.5 <= delay <= 12.5
    assert await bench.take() is None
    await bench.clock.advance(12.5)
    assert await bench.take() == A
    assert bench.gauges.retries == 1


async def test_back_off_doubles_and_is_forgotten_after_a_success(bench: Bench) -> None:
    """An outage is met with patience, and patience ends with the outage."""
    slow = Backoff(1.0, 100.0)
    bench.queue.add(A)
    delays = []
    for _ in range(5):
        await bench.clock.advance(200)
        await bench.take()
        delays.append(bench.queue.failed(A, slow))
    for failures, delay in enumerate(delays):
        assert 0.75 * 2**failures <= delay <= 1.25 * 2**failures
    await bench.clock.advance(200)
    await bench.take()
    bench.queue.done(A)
    bench.queue.add(A)
    await bench.take()
    assert bench.queue.failed(A, slow) <= 1.25


async def test_a_server_that_says_when_to_come_back_is_taken_at_its_word(bench: Bench) -> None:
    """429 with Retry-After: coming back sooner makes the overload worse."""
    bench.queue.add(A)
    await bench.take()
    assert bench.queue.failed(A, Backoff(0.1, 0.1), floor=42.0) == 42.0
    await bench.clock.advance(41)
    assert await bench.take() is None


async def test_a_childs_event_does_not_cut_a_back_off_short(bench: Bench) -> None:
    """Else a child that changes twenty times a second turns one error into a hot loop of writes."""
    bench.queue.add(A)
    await bench.take()
    bench.queue.add(A)
    bench.queue.failed(A, FLAT)
    for _ in range(20):
        bench.queue.add(A)
    assert await bench.take() is None
    await bench.clock.advance(13)
    assert await bench.drain() == [A]


@pytest.mark.parametrize("meanwhile", [True, False])
async def test_a_users_change_cuts_a_back_off_short(bench: Bench, *, meanwhile: bool) -> None:
    """Who repairs a spec sees the effect now, not after the back-off of the broken one."""
    bench.queue.add(A)
    await bench.take()
    if meanwhile:
        bench.queue.add(A, priority=URGENT)
        bench.queue.failed(A, FLAT)
    else:
        bench.queue.failed(A, FLAT)
        bench.queue.add(A, priority=URGENT)
    assert await bench.take() == A


async def test_one_failing_key_holds_up_no_other(bench: Bench) -> None:
    """A broken object is its owner's problem alone."""
    bench.queue.add(A)
    await bench.take()
    bench.queue.failed(A, FLAT)
    bench.queue.add(B)
    assert await bench.take() == B


async def test_a_look_that_asks_for_another_gets_it(bench: Bench) -> None:
    """`requeue_after` of a decision is honoured after a success."""
    bench.queue.add(A)
    await bench.take()
    bench.queue.done(A, again_after=20)
    await bench.clock.advance(19)
    assert await bench.take() is None
    await bench.clock.advance(2)
    assert await bench.take() == A


async def test_closing_the_queue_sends_every_worker_home(bench: Bench) -> None:
    """On SIGTERM nothing new starts, also for a worker that waits."""
    waiting = [asyncio.ensure_future(bench.queue.get()) for _ in range(3)]
    await breathe()
    bench.queue.close()
    for worker in waiting:
        with pytest.raises(QueueClosed):
            await worker
    bench.queue.add(A)
    with pytest.raises(QueueClosed):
        await bench.queue.get()


async def test_every_waiting_worker_gets_one_of_several_keys(bench: Bench) -> None:
    """Work is spread over the workers, none sleeps while a key is ready."""
    waiting = [asyncio.ensure_future(bench.queue.get()) for _ in range(3)]
    await breathe()
    for key in (A, B, C):
        bench.queue.add(key)
    await breathe()
    assert {worker.result() for worker in waiting} == {A, B, C}


async def test_the_wait_that_the_metrics_show_is_the_wait_of_ready_keys_only(bench: Bench) -> None:
    """A planned look in an hour is no backlog; an alert on queue time must not think so."""
    bench.queue.add(A, after=3_600)
    await bench.clock.advance(3_600)
    await bench.take()
    bench.queue.add(B)
    await bench.clock.advance(2)
    await bench.take()
    assert bench.gauges.waits == pytest.approx([0, 2])


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("add"), st.sampled_from([A, B, C]), st.sampled_from([0.0, 1.0, 5.0]), st.integers(0, 2)
        ),
        st.tuples(st.just("take")),
        st.tuples(st.just("done"), st.sampled_from([None, 3.0])),
        st.tuples(st.just("failed")),
        st.tuples(st.just("advance"), st.sampled_from([0.5, 4.0, 60.0])),
    ),
    max_size=40,
)


@given(steps=STEPS)
def test_no_key_is_lost_or_handed_out_twice_whatever_happens(steps: list[tuple[object, ...]]) -> None:
    """The one promise everything else stands on: what was asked for is looked at in the end."""
    asyncio.run(_play(steps))


async def _play(steps: list[tuple[object, ...]]) -> None:
    bench, running, wanted = Bench(), list[Key](), set[Key]()
    for step in steps:
        match step:
            case ("add", Key() as key, float(after), int(priority)):
                bench.queue.add(key, after=after, priority=priority)
                wanted.add(key)
            case ("take",):
                if (taken := await bench.take()) is not None:
                    assert taken not in running
                    running.append(taken)
                    wanted.discard(taken)
            case ("done", again) if running:
                key = running.pop()
                assert again is None or isinstance(again, float)
                bench.queue.done(key, again_after=again)
                wanted |= {key} if again else set()
            case ("failed",) if running:
                key = running.pop()
                bench.queue.failed(key, FLAT)
                wanted.add(key)
            case ("advance", float(seconds)):
                await bench.clock.advance(seconds)
    for key in running:
        bench.queue.done(key)
    await bench.clock.advance(1_000)
    assert set(await bench.drain()) == wanted
