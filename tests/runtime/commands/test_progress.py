"""Progress on a terminal and in a log."""

from __future__ import annotations

import io
import logging

import pytest

from moved_clock import MovedClock
from slipway_runtime.commands.progress import PAUSE, Progress, in_log, on_terminal, progress_for

MEBIBYTE = 1024 * 1024


def test_progress_is_shown_a_few_times_a_second() -> None:
    """A thousand lines a second would slow the transfer they tell of."""
    stream, moved = io.StringIO(), MovedClock()
    progress = Progress(on_terminal(stream), PAUSE, moved.clock)
    for step in range(1000):
        moved.now += 0.001
        progress(step * 1024, 0)
    assert 1 / PAUSE - 1 <= stream.getvalue().count("\r") <= 1 / PAUSE


@pytest.mark.parametrize(
    ("total", "shown"), [(0, "10.0 MiB 5.0 MiB/s"), (40 * MEBIBYTE, "10.0 of 40.0 MiB, 25% 5.0 MiB/s")]
)
def test_progress_shows_how_much_and_how_fast(total: int, shown: str) -> None:
    """One can see whether it is worth waiting; servers that do not say how much there is are no problem."""
    stream, moved = io.StringIO(), MovedClock()
    progress = Progress(on_terminal(stream), PAUSE, moved.clock)
    moved.now += 2
    progress(10 * MEBIBYTE, total)
    assert " ".join(stream.getvalue().split()) == shown


def test_the_log_tells_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever follows a pod's log sees that a large model is on its way; a short pull adds no line."""
    moved = MovedClock()
    progress = Progress(in_log, 10, moved.clock)
    with caplog.at_level(logging.INFO):
        for _ in range(25):
            moved.now += 1
            progress(MEBIBYTE, 4 * MEBIBYTE)
    assert [record.getMessage() for record in caplog.records] == ["pulling"] * 2
    told = vars(caplog.records[0])
    assert (told["bytes"], told["total_bytes"]) == (MEBIBYTE, 4 * MEBIBYTE)
    assert told["bytes_per_second"] == pytest.approx(MEBIBYTE / 10, rel=0.1)


def test_a_stream_that_is_no_terminal_gets_log_lines() -> None:
    """Carriage returns would make one endless line of a pod's log."""
    stream = io.StringIO()
    progress_for(stream)(1, 1)
    assert stream.getvalue() == ""
