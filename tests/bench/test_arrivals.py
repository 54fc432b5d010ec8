"""What the open-loop generator takes for a right answer."""

import pytest

from slipway_bench.arrivals import same

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
