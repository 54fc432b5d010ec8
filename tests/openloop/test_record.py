"""Counts go where a reader looks for them."""

from __future__ import annotations

from openloop.faults import MAX_TEXT, Fault, RequestError
from openloop.record import SAMPLES_KEPT, Outcome, Record


def test_a_request_sent_late_is_as_slow_as_its_user_found_it() -> None:
    """Latency counts from when the request was due: a held-up generator must not flatter the server."""
    record = Record()
    record.add(Outcome(stream="new", request_id="a", due=0.5, sent=2.5, done=2.6, revision="r"))
    assert record.total.latency.max == 2_100_000
    assert record.lag.max == 2_000_000
    assert list(record.seconds) == [0], "it belongs to the second it was due in"


def test_a_thousand_like_failures_are_all_counted_and_few_are_told() -> None:
    """A report must stay readable on the worst day, and its count exact."""
    record = Record()
    for number in range(1_000):
        error = RequestError(Fault.RESET, "x" * 10_000)
        assert len(error.text) <= MAX_TEXT
        record.add(Outcome(stream="new", request_id=str(number), due=0, sent=0, done=0, error=error))
    assert record.faults == {Fault.RESET: 1_000}
    assert len(record.samples[Fault.RESET]) == SAMPLES_KEPT
