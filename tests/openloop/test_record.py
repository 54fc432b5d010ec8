"""Counts go where a reader looks for them."""

from __future__ import annotations

import pytest

from openloop.cores import Cores
from openloop.faults import MAX_TEXT, Fault, RequestError
from openloop.record import PHASE, SAMPLES_KEPT, Outcome, Record


def test_a_request_sent_late_is_as_slow_as_its_user_found_it() -> None:
    """Latency counts from when the request was due: a held-up generator must not flatter the server."""
    record = Record()
    record.add(Outcome(stream="new", request_id="a", due=0.5, sent=2.5, done=2.6, revision="r"))
    assert record.total.latency.max == 2_100_000
    assert record.lag.max == 2_000_000
    assert list(record.seconds) == [0], "it belongs to the second it was due in"


def test_a_late_answer_belongs_to_the_phase_its_request_was_due_in() -> None:
    """A request that an update delays past the update's end is the update's."""
    record = Record()
    for at, name in ((0.0, "steady"), (1.0, "update"), (2.0, "steady")):
        record.mark(at, PHASE + name)
    for due in (0.5, 1.5, 1.9, 2.5):
        record.add(Outcome(stream="new", request_id="a", due=due, sent=due, done=due + 1, revision="r"))
    counts = [(phase.name, phase.streams["new"].requests) for phase in record.phases]
    assert counts == [("steady", 1), ("update", 2), ("steady", 1)]
    assert record.phases[1].revisions["new", "r"].last == pytest.approx(2.9)


def test_a_failure_belongs_to_the_phase_that_it_happened_in() -> None:
    """A pod that is killed ends requests that were sent long before; a quiet time is not to blame."""
    record = Record()
    record.mark(0.0, PHASE + "steady")
    record.mark(9.0, PHASE + "kill")
    error = RequestError(Fault.RESET, "gone")
    record.add(Outcome(stream="slow", request_id="a", due=1, sent=1, done=9.5, error=error))
    assert [phase.streams["slow"].failed for phase in record.phases] == [0, 1]


def test_latencies_with_a_core_free_are_those_due_then() -> None:
    """Two cores full of starting pods slow everybody down: what the change itself costs shows elsewhere."""
    idle = iter((0.0, 1.0, 1.0, 3.0))
    record = Record()
    record.cores = Cores(lambda: next(idle))
    for at in (0.0, 1.0, 2.0, 3.0):
        record.cores.look(at)
    record.mark(0.0, PHASE + "update")
    for due, took in ((0.5, 0.01), (1.5, 0.04), (2.5, 0.02)):
        record.add(Outcome(stream="new", request_id="a", due=due, sent=due, done=due + took, revision="r"))
    found = record.phases[0].with_a_core_free("new", record.cores)
    assert (found.count, found.max) == (2, 20_000)


def test_a_thousand_like_failures_are_all_counted_and_few_are_told() -> None:
    """A report must stay readable on the worst day, and its count exact."""
    record = Record()
    for number in range(1_000):
        error = RequestError(Fault.RESET, "x" * 10_000)
        assert len(error.text) <= MAX_TEXT
        record.add(Outcome(stream="new", request_id=str(number), due=0, sent=0, done=0, error=error))
    assert record.faults == {Fault.RESET: 1_000}
    assert len(record.samples[Fault.RESET]) == SAMPLES_KEPT
