"""What one run of load showed, and the median of several."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """One run, or the medians of several.

    Attributes:
        rate: requests per second.
        p50, p99: latency in seconds, as the client saw it.
        requests: answered.
        cpu: seconds of the server's CPU time for one request; 0 where it was not measured.
    """

    rate: float
    p50: float
    p99: float
    requests: int
    cpu: float = 0.0


def median(runs: Sequence[Figures]) -> Figures:
    """The median of each figure; requests are added up."""
    return Figures(
        statistics.median(run.rate for run in runs),
        statistics.median(run.p50 for run in runs),
        statistics.median(run.p99 for run in runs),
        sum(run.requests for run in runs),
        statistics.median(run.cpu for run in runs),
    )


def of_times(times: Sequence[float], seconds: float) -> Figures:
    """Figures from the latency of each request, in any order, and how long the run took."""
    ordered = sorted(times)
    count = len(ordered)
    return Figures(count / seconds, ordered[count // 2], ordered[count * 99 // 100], count)
