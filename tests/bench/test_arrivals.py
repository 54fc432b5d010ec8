"""What the open-loop generator takes for a right answer, and for a fault of its own."""

from __future__ import annotations

import pytest

from slipway_bench.arrivals import STALL_SECONDS, Pace, same

RIGHT = {"outputs": [{"name": "scores", "shape": [1, 2], "data": [0.25, 0.75]}, {"data": [1]}]}


@pytest.mark.parametrize(
    ("found", "right"),
    [
        ({"outputs": [{"name": "scores", "shape": [1, 2], "data": [0.2500001, 0.75]}, {"data": [1]}]}, True),
        ({"outputs": [{"name": "scores", "shape": [1, 2], "data": [0.26, 0.74]}, {"data": [1]}]}, False),
        ({"outputs": [{"name": "scores", "shape": [1, 2], "data": [0.25, 0.75]}, {"data": [2]}]}, False),
        ({"outputs": [{"name": "scores", "shape": [1, 2], "data": [0.25]}, {"data": [1]}]}, False),
        ({"error": "no"}, False),
    ],
)
def test_only_the_last_digits_of_floats_may_differ(found: object, right: bool) -> None:  # noqa: FBT001 # pytest's
    """Rows that share a run differ there; a wrong label or a missing score is a failure of the server."""
    assert same(RIGHT, found) is right


class Machine:
    """Two clocks: the world's, and the CPU that the generator had."""

    def __init__(self) -> None:
        self.now, self.own = 100.0, 7.0

    def passes(self, seconds: float, having: float) -> None:
        """Time passes, of which the generator has some."""
        self.now += seconds
        self.own += having


SHORT, LONG = STALL_SECONDS / 2, 0.01


@pytest.mark.parametrize(
    ("spans", "late"),
    [
        ([(0.5, 0.5), (0.5, 0.5)], 0.0),
        ([(0.5, 0.5 - SHORT)] * 100, 0.0),
        ([(LONG, 0.0)], LONG),
        ([(0.3 + LONG, 0.3), (0.2, 0.2)], LONG),
        ([(0.3 + LONG, 0.3), (0.2, 0.2 - SHORT), (LONG, 0.0)], 2 * LONG),
        ([(10.0, 10.0)], 0.0),
    ],
    ids=["busy throughout", "ticks of the kernel", "kept off", "kept off, then on", "twice", "a long look"],
)
def test_only_what_the_generator_was_kept_from_moves_what_is_due(
    spans: list[tuple[float, float]], late: float
) -> None:
    """Else a neighbour on its core would show as a burst that no client sent, and as the server's tail.

    Each span is the time between two looks, and what the generator had of it.
    """
    machine = Machine()
    pace = Pace(1000, lambda: machine.now, lambda: machine.own)
    pace.begin()

    for seconds, having in spans:
        machine.passes(seconds, having)
        pace.look()

    assert [pace.due(number) for number in (0, 500)] == pytest.approx([100.0 + late, 100.5 + late])


@pytest.mark.parametrize(
    ("due", "having", "counts"),
    [
        (99.999, LONG, True),
        (99.999, 0.0, False),
        (100.009, 0.0, False),
        (100.011, 0.0, True),
        (100.009, LONG, True),
        (100.009, LONG - SHORT, True),
    ],
)
def test_only_requests_that_met_a_stall_of_the_generator_are_left_out(
    due: float,
    having: float,
    counts: bool,  # noqa: FBT001 # pytest's
) -> None:
    """The generator looks at 100.00 s and 100.01 s. A stall of the server keeps all of its requests in."""
    machine = Machine()
    pace = Pace(1000, lambda: machine.now, lambda: machine.own)
    pace.begin()
    machine.passes(LONG, having)
    pace.look()

    assert pace.counts(due) is counts
