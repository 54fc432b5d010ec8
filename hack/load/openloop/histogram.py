"""Latencies in buckets that widen with their size: exact to 1 %, small whatever the count.

The scheme of HDR histograms: values below 256 have a bucket each, and every doubling beyond is cut
into 128 equal ones, so a percentile is never off by more than 1 in 128.
"""

from __future__ import annotations

from collections import Counter

_SUB = 128
_SUB_BITS = 7


def _bucket(value: int) -> int:
    shift = max(0, value.bit_length() - _SUB_BITS - 1)
    return shift * _SUB + (value >> shift)


def _highest(bucket: int) -> int:
    """The largest value that falls into `bucket`."""
    shift = max(0, bucket // _SUB - 1)
    return ((bucket - shift * _SUB + 1) << shift) - 1


class Histogram:
    """Counts of non-negative integers (here: microseconds)."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._sum = 0
        self.count = 0
        self.max = 0

    def add(self, value: int) -> None:
        """Counts one value; a negative one counts as 0."""
        value = max(0, value)
        self._counts[_bucket(value)] += 1
        self._sum += value
        self.count += 1
        self.max = max(self.max, value)

    def percentile(self, percent: float) -> int:
        """The value that `percent` % of all lie at or below, at most 1 in 128 too high; 0 if empty."""
        due = max(1, -(-self.count * percent // 100))
        seen = 0
        for bucket in sorted(self._counts):
            seen += self._counts[bucket]
            if seen >= due:
                return min(_highest(bucket), self.max)
        return self.max

    def milliseconds(self) -> dict[str, float]:
        """The usual percentiles of microseconds, in milliseconds."""
        shown = {f"p{p:g}": self.percentile(p) / 1000 for p in (50, 90, 99, 99.9)}
        mean = self._sum / self.count / 1000 if self.count else 0.0
        return shown | {"max": self.max / 1000, "mean": round(mean, 3)}
