"""What is counted: plain integers and lists, because every request pays for it. Text is made on demand.

The server's event loop writes, the probes' thread reads: under the interpreter lock a reader sees each
number whole, and a histogram at most one observation apart from its sum.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

# Seconds. A small model answers in 100 µs, a slow one may take its whole timeout.
BOUNDS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
)  # fmt: skip


class Histogram:
    """Observations by bucket. The last bucket has no bound."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        """Count one observation."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds


class Answers(Histogram):
    """The answers of one model over one protocol: latencies, and how many of each code."""

    __slots__ = ("codes",)

    def __init__(self) -> None:
        super().__init__()
        self.codes: dict[int, int] = {}

    def record(self, code: int, seconds: float) -> None:
        """Count one answer."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds
        codes = self.codes
        codes[code] = codes.get(code, 0) + 1


class Stages:
    """Where a model's requests spend their time."""

    __slots__ = ("compute", "queue")

    def __init__(self) -> None:
        self.queue = Histogram()
        self.compute = Histogram()

    def ran_at_once(self, seconds: float) -> None:
        """Count a request that did not wait."""
        self.queue.counts[0] += 1
        compute = self.compute
        compute.counts[bisect_left(BOUNDS, seconds)] += 1
        compute.total += seconds


@dataclass(slots=True)
class Metrics:
    """Everything that is counted.

    Attributes:
        answers: by model and protocol. A model that is not served is counted under an empty name.
        stages: queue and compute seconds, by model.
        in_flight: requests being answered now.
        pull_seconds, load_seconds: of the model; 0 before.
        facts: labels of the info metric.
    """

    answers: dict[tuple[str, str], Answers] = field(default_factory=dict)
    stages: dict[str, Stages] = field(default_factory=dict)
    in_flight: int = 0
    pull_seconds: float = 0.0
    load_seconds: float = 0.0
    facts: dict[str, str] = field(default_factory=dict)

    def answers_of(self, model: str, protocol: str) -> Answers:
        """Where to count the answers of a model over a protocol."""
        return self.answers.setdefault((model, protocol), Answers())

    def stages_of(self, model: str) -> Stages:
        """The queue and compute times of one model."""
        return self.stages.setdefault(model, Stages())
