"""The reflector's store stays true whatever becomes of its lists and watches."""

from collections.abc import AsyncIterator

import pytest

from fake_clock import FakeClock, breathe
from fake_kube import FakeKube
from reflector_bench import IRIS, Bench, service
from slipway_operator.kube import errors
from world import World


@pytest.fixture
def clock() -> FakeClock:
    """Nothing sleeps."""
    return FakeClock()


@pytest.fixture
def kube() -> FakeKube:
    """An empty cluster."""
    return FakeKube(World())


@pytest.fixture
async def bench(kube: FakeKube, clock: FakeClock) -> AsyncIterator[Bench]:
    """A reflector on the in-memory cluster."""
    made = Bench(kube, clock)
    yield made
    await made.stop()


async def test_what_is_there_is_known_before_the_first_look(kube: FakeKube, clock: FakeClock) -> None:
    """A look with half a store would plan to create what exists."""
    for name in ("a", "b", "c"):
        kube.world.create(service(name))
    bench = Bench(kube, clock)
    assert not bench.reflector.synced.is_set()
    await breathe()
    assert bench.reflector.synced.is_set()
    assert bench.names() == ["a", "b", "c"]
    assert set(bench.seen.woken) == {IRIS}
    await bench.stop()


async def test_a_long_list_comes_in_chunks(kube: FakeKube, clock: FakeClock) -> None:
    """Ten thousand objects in one answer would stall the event loop and the memory."""
    for number in range(1_200):
        kube.world.create(service(f"s{number:04}"))
    bench = Bench(kube, clock)
    await breathe()
    assert len(bench.names()) == 1_200
    assert [call.verb for call in kube.calls].count("list") == 3
    await bench.stop()


async def test_changes_arrive_as_they_happen(kube: FakeKube, bench: Bench) -> None:
    """Added, changed, deleted: each wakes the owner, once."""
    await breathe()
    kube.world.create(service("a"))
    await breathe()
    assert bench.names() == ["a"]
    kube.world.merge_patch("Service", "models", "a", {"spec": {"clusterIP": "10.0.0.1"}})
    await breathe()
    kube.world.delete("Service", "models", "a")
    await breathe()
    assert bench.names() == []
    assert bench.seen.woken == [IRIS] * 3


async def test_strangers_are_not_even_kept(kube: FakeKube, bench: Bench) -> None:
    """The server filters by label: a cluster's other ten thousand Services cost us nothing."""
    stranger = service("a")
    stranger["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "helm"
    kube.world.create(stranger)
    await breathe()
    assert len(bench.store) == 0


async def test_a_watch_that_ends_goes_on_where_it_was(kube: FakeKube, bench: Bench) -> None:
    """Servers end watches all the time; listing anew each time would be a load of its own."""
    kube.world.create(service("a"))
    await breathe()
    clock = bench.reflector._clock
    assert isinstance(clock, FakeClock)
    for name in ("b", "c"):
        clock.seconds += 25
        kube.hang_up()
        kube.world.create(service(name))
        await breathe()
    assert bench.names() == ["a", "b", "c"]
    assert kube.lists == 1


async def test_deletions_during_an_expired_watch_are_not_missed(
    kube: FakeKube, bench: Bench, clock: FakeClock
) -> None:
    """410 Gone: what vanished meanwhile never shows up in any event; only the new list can tell."""
    for name in ("a", "b"):
        kube.world.create(service(name))
    await breathe()
    bench.seen.woken.clear()
    kube.before = lambda call: errors.Unavailable("cut off") if call.verb == "watch" else None
    clock.seconds += 25
    kube.hang_up()
    await breathe()
    kube.world.delete("Service", "models", "a")
    kube.forget_before = kube.world.version
    kube.before = lambda _: None
    await clock.advance(10)
    assert bench.names() == ["b"]
    assert kube.lists == 2
    assert bench.seen.woken == [IRIS]


@pytest.mark.parametrize(
    ("error", "seconds"), [(errors.Unreachable("no answer"), 4), (errors.Unavailable("503"), 15)]
)
async def test_an_outage_is_met_with_growing_patience_and_without_end(
    kube: FakeKube, bench: Bench, clock: FakeClock, error: errors.KubeError, seconds: float
) -> None:
    """An API server that is away for an hour must find a working operator, not a herd or a corpse."""
    await breathe()
    kube.before = lambda _: error
    kube.hang_up()
    await clock.advance(3_600)
    attempts = len(bench.seen.failures)
    assert 3_600 / seconds * 0.75 < attempts < 3_600 / seconds * 1.5
    kube.before = lambda _: None
    kube.world.create(service("a"))
    await clock.advance(seconds * 1.25)
    assert bench.names() == ["a"]
    assert kube.lists == 1


async def test_after_a_long_outage_the_new_list_does_not_wait_as_long_as_the_line_was_dead(
    kube: FakeKube, bench: Bench, clock: FakeClock
) -> None:
    """A server that is back says that our version is too old: the list that this calls for comes at once."""
    await breathe()
    kube.before = lambda _: errors.Unavailable("away")
    kube.hang_up()
    await clock.advance(600)
    attempts = len(bench.seen.failures)
    kube.world.create(service("a"))
    kube.forget_before = kube.world.version
    kube.before = lambda _: None
    while len(bench.seen.failures) == attempts:
        await clock.advance(0.5)
    await clock.advance(0.5)
    assert bench.names() == ["a"]


async def test_a_busy_server_is_left_alone_as_long_as_it_says(
    kube: FakeKube, bench: Bench, clock: FakeClock
) -> None:
    """429 with Retry-After, from API priority and fairness."""
    await breathe()
    busy = [errors.Throttled("busy", code=429, retry_after=60)]
    kube.before = lambda call: busy.pop() if busy and call.verb == "watch" else None
    clock.seconds += 25
    kube.hang_up()
    await breathe()
    watches = [call.verb for call in kube.calls].count("watch")
    await clock.advance(59)
    assert [call.verb for call in kube.calls].count("watch") == watches
    await clock.advance(2)
    assert [call.verb for call in kube.calls].count("watch") == watches + 1


async def test_a_watch_that_keeps_ending_at_once_is_not_opened_in_a_hot_loop(
    kube: FakeKube, bench: Bench, clock: FakeClock
) -> None:
    """A misbehaving proxy must not make us a load generator."""
    await breathe()
    kube._hung_up.set()
    before = len(kube.calls)
    await clock.advance(60)
    assert len(kube.calls) - before < 20


async def test_the_beat_goes_on_while_nothing_happens(kube: FakeKube, bench: Bench, clock: FakeClock) -> None:
    """Liveness looks at its age: a quiet namespace is not a dead watch."""
    await breathe()
    for _ in range(10):
        clock.seconds += 25
        kube.hang_up()
        await breathe()
        assert clock.now() - bench.reflector.beat < 30


async def test_the_beat_stops_when_the_watch_is_dead(kube: FakeKube, bench: Bench, clock: FakeClock) -> None:
    """And a dead watch must not look like a quiet one."""
    await breathe()
    beat = bench.reflector.beat
    kube.before = lambda _: errors.Unavailable("away")
    kube.hang_up()
    await clock.advance(120)
    assert bench.reflector.beat == beat


async def test_a_watch_that_is_refused_is_not_deaf(kube: FakeKube, bench: Bench, clock: FakeClock) -> None:
    """A restart gives nobody rights: it would only turn a clear refusal into a crash loop."""
    await breathe()
    kube.before = lambda _: errors.Forbidden("services is forbidden", code=403)
    kube.hang_up()
    await clock.advance(600)
    assert clock.now() - bench.reflector.beat < 30


async def test_a_namespaced_reflector_stays_in_its_namespace(kube: FakeKube, clock: FakeClock) -> None:
    """An operator that may see one namespace only must not ask for more."""
    other = service("b")
    other["metadata"]["namespace"] = "other"
    kube.world.create(service("a"))
    kube.world.create(other)
    bench = Bench(kube, clock, "models")
    await breathe()
    assert len(bench.store) == 1
    assert {call.namespace for call in kube.calls} == {"models"}
    await bench.stop()
