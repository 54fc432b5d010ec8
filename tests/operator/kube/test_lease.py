import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from fake_clock import FakeClock, breathe
from fake_kube import Call, FakeKube
from slipway_operator.kube import errors
from slipway_operator.kube.lease import Elector, LeaseLost
from world import World

Candidate = Callable[[str], Elector]
Start = Callable[[Elector], "asyncio.Task[None]"]


@pytest.fixture
def clock() -> FakeClock:
    """Everybody's clock."""
    return FakeClock()


@pytest.fixture
def kube() -> FakeKube:
    """An API server without a Lease."""
    return FakeKube(World())


@pytest.fixture
def candidate(kube: FakeKube, clock: FakeClock) -> Candidate:
    """Makes an operator that runs for the Lease."""

    def make(identity: str) -> Elector:
        return Elector(
            kube,
            namespace="slipway",
            name="operator",
            identity=identity,
            clock=clock,
            wall=clock.wall,
        )

    return make


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Runs electors, and ends them with the test."""
    tasks: list[asyncio.Task[None]] = []

    def run(elector: Elector) -> "asyncio.Task[None]":
        tasks.append(asyncio.create_task(elector.run()))
        return tasks[-1]

    yield run
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError, LeaseLost):
            await task


def lease(kube: FakeKube) -> Any:
    """The Lease's spec as stored."""
    return kube.world.get("Lease", "slipway", "operator")["spec"]


async def test_the_first_operator_takes_the_lease_at_once(
    kube: FakeKube, clock: FakeClock, candidate: Candidate, start: Start
) -> None:
    """A fresh installation works immediately, it does not sit out somebody's lease duration."""
    a = candidate("a")
    start(a)
    await breathe()
    assert a.leading.is_set()
    assert a.valid
    assert lease(kube)["holderIdentity"] == "a"


async def test_times_in_the_lease_are_utc_with_six_digits(
    kube: FakeKube, candidate: Candidate, start: Start
) -> None:
    """The API server refuses a MicroTime of any other form, and local time would fool other clients."""
    start(candidate("a"))
    await breathe()
    assert lease(kube)["renewTime"] == "2026-11-21T10:00:00.000000Z"
    assert lease(kube)["acquireTime"] == "2026-11-21T10:00:00.000000Z"


async def test_a_second_operator_waits_while_the_first_renews(
    kube: FakeKube, clock: FakeClock, candidate: Candidate, start: Start
) -> None:
    """Two active operators would write twice."""
    a, b = candidate("a"), candidate("b")
    start(a)
    await breathe()
    start(b)
    await clock.advance(600)
    assert a.leading.is_set()
    assert not b.leading.is_set()
    assert lease(kube)["leaseTransitions"] == 0


async def test_a_second_operator_takes_over_after_the_first_has_died(
    kube: FakeKube, clock: FakeClock, candidate: Candidate, start: Start
) -> None:
    """A node that burns down must not leave the cluster without an operator."""
    a, b = candidate("a"), candidate("b")
    dead = start(a)
    await breathe()
    start(b)
    await clock.advance(10)
    dead.cancel()
    await clock.advance(29)
    assert not b.leading.is_set()
    await clock.advance(15)
    assert b.leading.is_set()
    assert lease(kube)["leaseTransitions"] == 1


async def test_a_wall_clock_that_is_an_hour_off_changes_nothing(
    kube: FakeKube, clock: FakeClock, candidate: Candidate, start: Start
) -> None:
    """Nodes' clocks differ; comparing another's renewTime with our time would steal live Leases."""
    a = candidate("a")
    b = Elector(
        kube,
        namespace="slipway",
        name="operator",
        identity="b",
        clock=clock,
        wall=lambda: clock.wall() + timedelta(hours=1),
    )
    start(a)
    await breathe()
    start(b)
    await clock.advance(120)
    assert a.leading.is_set()
    assert not b.leading.is_set()


async def test_a_holder_that_cannot_renew_stops_writing_and_goes_on_when_it_can(
    kube: FakeKube, clock: FakeClock, candidate: Candidate, start: Start
) -> None:
    """An API server that is away must neither restart the operator nor let it write too late."""
    a = candidate("a")
    running = start(a)
    await clock.advance(6)
    cut_at = clock.now()
    kube.before = lambda _: errors.Unavailable("no route")
    while a.leading.is_set():
        await clock.advance(1)
    assert 20 < clock.now() - cut_at < 30
    await clock.advance(300)
    assert not a.valid
    assert not running.done()

    kube.before = lambda _: None
    await clock.advance(6)

    assert a.leading.is_set()
    assert a.valid


async def test_a_holder_that_comes_back_to_another_one_ends(
    kube: FakeKube, clock: FakeClock, candidate: Candidate, start: Start
) -> None:
    """Who took over during the outage is in charge; two must not write."""
    a = candidate("a")
    running = start(a)
    await clock.advance(6)
    kube.before = lambda _: errors.Unavailable("no route")
    while a.leading.is_set():
        await clock.advance(1)
    record = kube.world.get("Lease", "slipway", "operator")
    record["spec"]["holderIdentity"] = "b"
    kube.world.put(record)

    kube.before = lambda _: None
    await clock.advance(6)

    with pytest.raises(LeaseLost, match="'b'"):
        await running


async def test_a_short_outage_costs_nobody_the_lease(
    kube: FakeKube, clock: FakeClock, candidate: Candidate, start: Start
) -> None:
    """An API server that restarts is daily business."""
    a = candidate("a")
    start(a)
    await clock.advance(6)
    kube.before = lambda _: errors.Unavailable("restarting")
    await clock.advance(12)
    kube.before = lambda _: None
    await clock.advance(120)
    assert a.leading.is_set()


async def test_a_holder_that_finds_another_one_stops_at_once(
    kube: FakeKube, clock: FakeClock, candidate: Candidate, start: Start
) -> None:
    """After a long freeze (SIGSTOP, a suspended machine) the other one is in charge."""
    a = candidate("a")
    running = start(a)
    await breathe()
    record = kube.world.get("Lease", "slipway", "operator")
    record["spec"]["holderIdentity"] = "b"
    kube.world.put(record)
    await clock.advance(5)
    with pytest.raises(LeaseLost, match="'b'"):
        await running


async def test_a_frozen_holder_knows_that_it_may_not_write(
    kube: FakeKube, clock: FakeClock, candidate: Candidate, start: Start
) -> None:
    """The fence: right after SIGCONT, before its next renewal, a worker must not get a write through."""
    a = candidate("a")
    start(a)
    await breathe()
    assert a.valid
    clock.seconds += 60
    assert not a.valid


async def test_a_released_lease_is_taken_within_a_retry(
    kube: FakeKube, clock: FakeClock, candidate: Candidate, start: Start
) -> None:
    """A rolling update of the operator must not leave half a minute without one."""
    a, b = candidate("a"), candidate("b")
    leaving = start(a)
    await breathe()
    start(b)
    await clock.advance(7)
    leaving.cancel()
    await a.release()
    assert lease(kube)["holderIdentity"] == ""
    await clock.advance(5)
    assert b.leading.is_set()


async def test_a_lease_of_another_is_not_released(
    kube: FakeKube, clock: FakeClock, candidate: Candidate, start: Start
) -> None:
    """A candidate that leaves must not throw out the holder."""
    a, b = candidate("a"), candidate("b")
    start(a)
    await breathe()
    start(b)
    await breathe()
    await b.release()
    assert lease(kube)["holderIdentity"] == "a"


async def test_of_two_takers_one_wins(
    kube: FakeKube, clock: FakeClock, candidate: Candidate, start: Start
) -> None:
    """Both see the same stale record; the resourceVersion lets one update through."""
    a, b, c = candidate("a"), candidate("b"), candidate("c")
    dead = start(a)
    await breathe()
    dead.cancel()
    for each in (b, c):
        start(each)
    await clock.advance(90)
    assert [b.leading.is_set(), c.leading.is_set()].count(True) == 1


async def test_a_lost_answer_to_a_take_over_is_no_loss(
    kube: FakeKube, clock: FakeClock, candidate: Candidate, start: Start
) -> None:
    """The update went through although the answer did not: the next try finds its own name."""
    lost: list[Call] = []

    def lose_first(call: Call) -> errors.KubeError | None:
        if call.verb == "create" and not lost:
            lost.append(call)
            return errors.Unavailable("the answer was lost")
        return None

    kube.after = lose_first
    a = candidate("a")
    start(a)
    await clock.advance(6)
    assert a.leading.is_set()


async def test_a_lease_that_somebody_deleted_is_made_again(
    kube: FakeKube, clock: FakeClock, candidate: Candidate, start: Start
) -> None:
    """`kubectl delete lease` is a way people try to force an election; it must not end in none."""
    a = candidate("a")
    start(a)
    await breathe()
    kube.world.delete("Lease", "slipway", "operator")
    await clock.advance(30)
    assert a.leading.is_set()
    assert lease(kube)["holderIdentity"] == "a"
