import pytest

from fake_clock import FakeClock
from fake_kube import FakeKube
from slipway_operator.api.types import Key
from slipway_operator.core.actions import Emit
from slipway_operator.kube import errors
from slipway_operator.kube.events import MAX_MESSAGE, Recorder
from world import World

KEY = Key("models", "iris")
FAULT = Emit(type="Warning", reason="ModelPullFailed", message="s3://models/iris: access denied")


class Bench:
    """A recorder on an in-memory cluster."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.world = World()
        self.kube = FakeKube(self.world)
        self.recorder = Recorder(self.kube, instance="operator-0", clock=self.clock, wall=self.clock.wall)

    async def emit(self, event: Emit = FAULT, uid: str = "uid-1") -> None:
        """Says it."""
        await self.recorder.emit(KEY, uid, event)

    def events(self) -> list[tuple[str, int]]:
        """Message and count of what `kubectl get events` shows."""
        return [(each["message"], each["count"]) for each in self.world.list("Event")]


@pytest.fixture
def bench() -> Bench:
    """A fresh recorder."""
    return Bench()


async def test_an_event_names_its_object_and_shows_in_kubectl_describe(bench: Bench) -> None:
    """Describe finds Events by kind, name and uid of the object they are about."""
    await bench.emit()
    (event,) = bench.world.list("Event", "models")
    assert event["involvedObject"] == {
        "apiVersion": "slipway.dev/v1alpha1",
        "kind": "ModelDeployment",
        "namespace": "models",
        "name": "iris",
        "uid": "uid-1",
    }
    assert (event["type"], event["reason"]) == ("Warning", "ModelPullFailed")
    assert event["lastTimestamp"] == "2026-11-21T10:00:00Z"
    assert event["metadata"]["name"].startswith("iris.")


async def test_a_repeating_fault_costs_one_write_in_ten_seconds(bench: Bench) -> None:
    """A crash loop must not fill etcd."""
    for _ in range(600):
        await bench.emit()
        await bench.clock.advance(0.1)
    assert len(bench.kube.writes) <= 7
    ((message, count),) = bench.events()
    assert message == FAULT.message
    assert 490 <= count <= 600


async def test_different_faults_are_different_events(bench: Bench) -> None:
    """Aggregation must not hide the second cause behind the first."""
    await bench.emit()
    await bench.emit(Emit(type="Warning", reason="OutOfMemory", message="killed"))
    assert len(bench.events()) == 2


async def test_the_same_words_about_a_new_object_are_a_new_event(bench: Bench) -> None:
    """A re-created object of that name starts with a clean describe."""
    await bench.emit(uid="uid-1")
    await bench.emit(uid="uid-2")
    assert [count for _, count in bench.events()] == [1, 1]


async def test_an_object_with_ever_new_words_is_slowed_down(bench: Bench) -> None:
    """A message with a counter in it would defeat the aggregation."""
    for number in range(100):
        await bench.emit(Emit(type="Normal", reason="Scaled", message=f"to {number}"))
        await bench.clock.advance(1)
    assert 20 <= len(bench.events()) <= 31


async def test_an_event_that_expired_is_said_anew(bench: Bench) -> None:
    """The API server drops Events after an hour; the count of a dropped one cannot be raised."""
    await bench.emit()
    (event,) = bench.world.list("Event")
    bench.world.delete("Event", "models", event["metadata"]["name"])
    await bench.clock.advance(60)
    await bench.emit()
    assert bench.events() == [(FAULT.message, 1)]


async def test_a_fault_that_returns_after_a_while_is_a_new_event(bench: Bench) -> None:
    """Yesterday's fault and today's are two."""
    await bench.emit()
    await bench.clock.advance(700)
    await bench.emit()
    assert len(bench.events()) == 2


async def test_an_api_server_that_takes_no_events_harms_nothing(bench: Bench) -> None:
    """Events are a courtesy; rollouts must go on without the right to write them."""
    bench.kube.before = lambda _: errors.Forbidden("events is forbidden")
    await bench.emit()
    assert bench.events() == []


async def test_a_message_that_is_too_long_is_cut(bench: Bench) -> None:
    """The API server refuses more than a kilobyte, and a cut message says more than none."""
    await bench.emit(Emit(type="Warning", reason="Invalid", message="x" * 5_000))
    ((message, _),) = bench.events()
    assert len(message) == MAX_MESSAGE
