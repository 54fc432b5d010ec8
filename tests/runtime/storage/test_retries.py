"""When a pull tries again and when it gives up: time belongs to the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from moved_clock import MovedClock
from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.storage.pull import FIRST_PAUSE, LONGEST_PAUSE, Limits, Puller
from slipway_runtime.storage.source import Budget, Source
from slipway_runtime.storage.staging import Staging
from slipway_runtime.storage.uri import ModelUri

BUSY = PullFailure(Reason.UNREACHABLE, "busy", transient=True)
URI = "s3://b/k"
START = MovedClock().now


@dataclass
class Scripted:
    """A storage that fails as the script says, and then works; `seconds` pass at each attempt."""

    script: Iterator[PullFailure]
    step: Callable[[], None] = lambda: None
    arriving: int = 0
    attempts: list[int] = field(default_factory=list)

    def fetch(self, staging: Staging) -> bool:
        """One attempt."""
        self.attempts.append(staging.budget.taken)
        self.step()
        if self.arriving:
            staging.budget.take(self.arriving)
        failure = next(self.script, None)
        if failure:
            raise failure
        (staging.folder / "m").write_text("model")
        return True


@dataclass(frozen=True, slots=True)
class ScriptedPuller(Puller):
    """A puller whose storage is scripted."""

    storage: Scripted | None = None

    def source(self, uri: ModelUri) -> Source:
        """The scripted one."""
        assert uri.shown == URI
        assert self.storage
        return self.storage


def _puller(moved: MovedClock, storage: Scripted, **limits: float) -> Puller:
    chosen = {"max_model_bytes": 1000, "pull_seconds": 600.0, "retry_seconds": 60.0, **limits}
    return ScriptedPuller(Limits(**chosen), {}, moved.clock, moved.sleep, storage=storage)  # type: ignore[arg-type] # fields of Limits


def _storage(failures: Sequence[PullFailure] | None = None) -> Scripted:
    def always() -> Iterator[PullFailure]:
        while True:
            yield BUSY

    return Scripted(iter(failures) if failures is not None else always())


def test_a_fault_that_passes_is_waited_out(tmp_path: Path, moved: MovedClock) -> None:
    """Storage restarts, and a pod should not have to."""
    storage = _storage([BUSY] * 3)
    artifact = _puller(moved, storage).pull(URI, tmp_path)
    assert (artifact.size_bytes, len(storage.attempts), len(moved.slept)) == (5, 4, 3)


def test_pauses_grow_up_to_a_limit_and_are_jittered(tmp_path: Path, moved: MovedClock) -> None:
    """A thousand pods must not knock in step on a storage that is coming back."""
    with pytest.raises(PullFailure):
        _puller(moved, _storage(), retry_seconds=300).pull(URI, tmp_path)
    nominal = FIRST_PAUSE
    for pause in moved.slept:
        assert nominal / 2 <= pause <= nominal
        nominal = min(nominal * 2, LONGEST_PAUSE)
    assert len({round(pause / 10, 6) for pause in moved.slept[6:]}) > 1


def test_nothing_arriving_for_the_retry_time_ends_the_pull(tmp_path: Path, moved: MovedClock) -> None:
    """The reason is then shown, instead of a pod that starts for ever."""
    with pytest.raises(PullFailure) as caught:
        _puller(moved, _storage()).pull(URI, tmp_path)
    assert caught.value is BUSY
    assert 60 - LONGEST_PAUSE <= moved.now - START <= 60


def test_no_retry_time_means_one_attempt(tmp_path: Path, moved: MovedClock) -> None:
    """For scripts that bring their own retries."""
    storage = _storage()
    with pytest.raises(PullFailure):
        _puller(moved, storage, retry_seconds=0).pull(URI, tmp_path)
    assert (len(storage.attempts), moved.slept) == (1, [])


def test_a_connection_that_brings_something_each_time_is_given_the_whole_time(
    tmp_path: Path, moved: MovedClock
) -> None:
    """A large model over a bad line makes progress, if only between two cuts."""
    storage = _storage()
    storage.arriving = 100
    with pytest.raises(PullFailure) as caught:
        _puller(moved, storage, pull_seconds=200).pull(URI, tmp_path)
    assert caught.value.reason is Reason.TIMEOUT
    assert "busy; gave up after --pull-seconds" in caught.value.message
    assert 200 - LONGEST_PAUSE <= moved.now - START <= 200
    assert set(storage.attempts) == {0}


@pytest.mark.parametrize(
    "reason", [Reason.NOT_FOUND, Reason.ACCESS_DENIED, Reason.TOO_LARGE, Reason.INVALID_URI]
)
def test_a_fault_that_no_retry_cures_ends_the_pull_at_once(
    tmp_path: Path, moved: MovedClock, reason: Reason
) -> None:
    """A wrong key shows within seconds, not after the deadline."""
    storage = _storage([PullFailure(reason, "no")])
    with pytest.raises(PullFailure) as caught:
        _puller(moved, storage).pull(URI, tmp_path)
    assert (caught.value.reason, len(storage.attempts), moved.slept) == (reason, 1, [])


def test_a_wrong_digest_is_not_tried_again(tmp_path: Path, moved: MovedClock) -> None:
    """The bytes will not change."""
    storage = _storage([])
    with pytest.raises(PullFailure) as caught:
        _puller(moved, storage).pull(URI, tmp_path, "sha256:" + "0" * 64)
    assert (caught.value.reason, len(storage.attempts)) == (Reason.DIGEST_MISMATCH, 1)


def test_a_digest_that_is_none_is_refused_before_a_fetch(tmp_path: Path, moved: MovedClock) -> None:
    """A gigabyte later would be late."""
    storage = _storage([])
    with pytest.raises(PullFailure) as caught:
        _puller(moved, storage).pull(URI, tmp_path, "latest")
    assert (caught.value.reason, storage.attempts) == (Reason.INVALID_SETTINGS, [])


def test_a_pinned_model_that_is_there_is_not_fetched_again(tmp_path: Path, moved: MovedClock) -> None:
    """A restarted container serves at once, also while the storage is away."""
    first = _puller(moved, _storage([])).pull(URI, tmp_path)
    storage = _storage()
    assert _puller(moved, storage).pull(URI, tmp_path, first.digest) == first
    assert storage.attempts == []


def test_an_unpinned_model_is_fetched_again(tmp_path: Path, moved: MovedClock) -> None:
    """What stands at the URI now is what was asked for."""
    _puller(moved, _storage([])).pull(URI, tmp_path)
    storage = _storage([])
    _puller(moved, storage).pull(URI, tmp_path)
    assert storage.attempts == [0]


def test_time_that_is_over_in_mid_transfer_is_a_timeout(tmp_path: Path, moved: MovedClock) -> None:
    """A server that sends a byte a minute holds nothing up for ever."""
    storage = _storage([])
    storage.arriving = 7

    def crawl() -> None:
        moved.now += 601

    storage.step = crawl
    with pytest.raises(PullFailure) as caught:
        _puller(moved, storage).pull(URI, tmp_path)
    assert caught.value.reason is Reason.TIMEOUT
    assert "raise --pull-seconds" in caught.value.message


def test_progress_is_told_as_it_comes(tmp_path: Path, moved: MovedClock) -> None:
    """People at a terminal watch it; a retry starts again at zero."""
    told: list[tuple[int, int]] = []
    budget = Budget(100, START + 10, moved.clock, lambda taken, total: told.append((taken, total)))
    budget.take(30)
    budget.announce(60)
    budget.take(20)
    budget.restart()
    budget.keep(30)
    budget.take(5)
    assert told == [(30, 0), (50, 60), (35, 60)]
