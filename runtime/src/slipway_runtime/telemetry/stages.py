"""Where a model's requests spend their time: waiting, joined into a run, computed, cut apart again.

A run is one execution of the engine; several requests may share it. Each run is counted once under its
number of rows, each request's wait once in the queue's histogram. What requests share is also counted as
each of them felt it, because Triton's statistics do.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from slipway_runtime import errors
from slipway_runtime.telemetry.histogram import BOUNDS, Histogram

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_SIZES = 256  # sizes of runs that are counted apart; clients choose them
REASONS: dict[type[BaseException], str] = {
    errors.InvalidRequest: "invalid",
    errors.Overloaded: "overloaded",
    errors.DeadlineExceeded: "deadline",
    errors.ClientGone: "client_gone",
    errors.ModelNotReady: "not_ready",
}
OTHER = "engine"


class Spent:
    """Runs of one size.

    Attributes:
        runs: executions.
        joining, computing, cutting: seconds of all of them.
    """

    __slots__ = ("computing", "cutting", "joining", "runs")

    def __init__(self) -> None:
        self.runs = 0
        self.joining = self.computing = self.cutting = 0.0

    def add(self, runs: int, joining: float, computing: float, cutting: float) -> None:
        """Count runs."""
        self.runs += runs
        self.joining += joining
        self.computing += computing
        self.cutting += cutting


class Stages:
    """What one thread counted for one model; nobody else writes here.

    Attributes:
        queue: seconds that requests waited, those that were answered.
        compute: seconds that runs took.
        sizes: runs by their number of rows.
        shared: what the requests of shared runs felt beyond what the runs took; see Spent.
        failures: requests and their seconds by reason.
        waiting: requests in the queue for an engine thread.
        begun, ended: requests of threads that wait for their answer.
        last: when a run ended, on time.perf_counter's scale; 0 before.
    """

    __slots__ = ("begun", "compute", "ended", "failures", "last", "queue", "shared", "sizes", "waiting")

    def __init__(self) -> None:
        self.queue = Histogram()
        self.compute = Histogram()
        self.sizes: dict[int, Spent] = {}
        self.shared = Spent()
        self.failures: dict[str, Histogram] = {}
        self.waiting = self.begun = self.ended = 0
        self.last = 0.0

    def ran_at_once(self, seconds: float, rows: int, now: float) -> None:
        """Count a request that did not wait."""
        self.queue.counts[0] += 1
        compute = self.compute
        compute.counts[bisect_left(BOUNDS, seconds)] += 1
        compute.total += seconds
        spent = self.sizes.get(rows) or self._size(rows)
        spent.runs += 1
        spent.computing += seconds
        self.last = now

    def ran(
        self,
        waits: Sequence[float],
        rows: int,
        *,
        joining: float,
        computing: float,
        cutting: float,
        now: float,
    ) -> None:
        """Count a run and the waits of the requests that shared it."""
        for wait in waits:
            self.queue.observe(wait)
        self.compute.observe(computing)
        (self.sizes.get(rows) or self._size(rows)).add(1, joining, computing, cutting)
        others = len(waits) - 1
        self.shared.add(0, others * joining, others * computing, others * cutting)
        self.last = now

    def failed(self, fault: BaseException, seconds: float) -> None:
        """Count a request that got no result."""
        reason = REASONS.get(type(fault), OTHER)
        self.failures.setdefault(reason, Histogram()).observe(seconds)

    def merge(self, other: Stages) -> None:
        """Add what another thread counted."""
        self.queue.merge(other.queue)
        self.compute.merge(other.compute)
        for rows, spent in other.sizes.copy().items():
            mine = self.sizes.setdefault(rows, Spent())
            mine.add(spent.runs, spent.joining, spent.computing, spent.cutting)
        shared = other.shared
        self.shared.add(0, shared.joining, shared.computing, shared.cutting)
        for reason, histogram in other.failures.copy().items():
            self.failures.setdefault(reason, Histogram()).merge(histogram)
        self.waiting += other.waiting
        self.begun += other.begun
        self.ended += other.ended
        self.last = max(self.last, other.last)

    def _size(self, rows: int) -> Spent:
        """A size that was not seen before; when there are too many, the next power of two."""
        if len(self.sizes) >= MAX_SIZES:
            rows = 1 << max(0, rows - 1).bit_length()
        return self.sizes.setdefault(rows, Spent())
