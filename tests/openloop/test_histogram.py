"""Percentiles are near enough to the truth to be quoted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from openloop.histogram import Histogram


@given(
    values=st.lists(st.integers(0, 60_000_000), min_size=1),
    percent=st.sampled_from([0, 50, 90, 99, 99.9, 100]),
)
def test_a_percentile_is_never_low_and_at_most_one_percent_high(values: list[int], percent: float) -> None:
    """A p99 that lies below the real one would praise a service that is slow."""
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    exact = sorted(values)[max(1, -(-len(values) * percent // 100)).__int__() - 1]
    assert exact <= histogram.percentile(percent) <= exact + exact / 128 + 1
    assert histogram.max == max(values)
    assert histogram.count == len(values)


def test_an_empty_histogram_has_percentiles_of_zero() -> None:
    """A report of a stream that sent nothing must still be a report."""
    assert Histogram().milliseconds() == {"p50": 0, "p90": 0, "p99": 0, "p99.9": 0, "max": 0, "mean": 0}
