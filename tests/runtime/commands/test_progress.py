"""Progress on a terminal."""

from __future__ import annotations

import io

from moved_clock import MovedClock
from slipway_runtime.commands.progress import PAUSE, Progress


def test_progress_is_shown_a_few_times_a_second() -> None:
    """A thousand lines a second would slow the transfer they tell of."""
    stream, moved = io.StringIO(), MovedClock()
    progress = Progress(stream, moved.clock)
    for step in range(1000):
        moved.now += 0.001
        progress(step * 1024)
    assert 1 / PAUSE <= stream.getvalue().count("\r") <= 1 / PAUSE + 1


def test_progress_shows_how_much_and_how_fast() -> None:
    """One can see whether it is worth waiting."""
    stream, moved = io.StringIO(), MovedClock()
    progress = Progress(stream, moved.clock)
    moved.now += 2
    progress(10 * 1024 * 1024)
    assert stream.getvalue().split() == ["10.0", "MiB", "5.0", "MiB/s"]


def test_the_first_moment_is_no_division_by_zero() -> None:
    """The first chunk comes at once."""
    stream, moved = io.StringIO(), MovedClock()
    Progress(stream, moved.clock)(1024)
    assert "MiB/s" in stream.getvalue()
