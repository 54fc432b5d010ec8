"""When a leaving server may close: not while it is asked, and not too late for what is in flight."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_runtime.lifecycle.lame_duck import LONGER, LameDuck

STEP = 0.05


def closes(duck: LameDuck, asked_until: float, every: float = STEP) -> float:
    """When it closes, if it is asked now and then until a moment."""
    step = 0
    while not duck.over(step * STEP, int(min(step * STEP, asked_until) / every)):
        step += 1
    return step * STEP


@pytest.mark.parametrize(
    ("asked_until", "expected"),
    [
        (0.0, 10.0),
        (2.0, 10.0),  # what every update looks like: the nodes heard of it after two seconds
        (4.5, 10.0),
        (9.5, 14.5),
        (18.0, 23.0),  # a node that heard late
        (1000.0, 10.0 + 60 * LONGER),  # somebody who never hears
    ],
)
def test_it_closes_when_nobody_asks_any_more(asked_until: float, expected: float) -> None:
    """A listener that closes while nodes still send to it refuses their requests."""
    assert closes(LameDuck(10, 60), asked_until) == pytest.approx(expected, abs=2 * STEP)


@pytest.mark.parametrize(("every", "expected"), [(4.0, 25.0), (5.5, 10.5)])
def test_rare_requests_keep_it_too_if_they_come_within_half_of_the_drain(
    every: float, expected: float
) -> None:
    """One request in four seconds is somebody who has not heard, or many on a machine that stands still."""
    assert closes(LameDuck(10, 60), 20, every=every) == pytest.approx(expected, abs=2 * STEP)


def test_without_a_drain_it_closes_at_once() -> None:
    """On a laptop nobody stands between the clients and the server."""
    assert LameDuck(0, 60).over(0, 7)


@given(st.floats(0.01, 60), st.floats(0.1, 120), st.floats(0, 300), st.floats(0.05, 3))
def test_it_never_closes_early_and_never_too_late(
    drain: float, request: float, asked_until: float, every: float
) -> None:
    """The drain's time is promised to nodes, the rest of the grace period to requests in flight."""
    closed = closes(LameDuck(drain, request), asked_until, every)
    assert drain <= closed <= drain + LONGER * request + STEP
