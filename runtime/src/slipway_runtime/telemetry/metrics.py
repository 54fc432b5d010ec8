"""What is counted: plain integers and lists, because every request pays for it. Text is made on demand.

Every thread that serves requests counts in objects of its own, so that no count is lost and none costs a
lock; a scrape adds them up. The probes' thread reads while others write: it sees each number whole, and a
histogram at most one observation apart from its sum.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from threading import get_ident

from slipway_runtime.telemetry.histogram import BOUNDS, Histogram
from slipway_runtime.telemetry.stages import Stages


class Answers(Histogram):
    """The answers of one model over one protocol: latencies, bytes, and how many of each code."""

    __slots__ = ("codes", "received", "sent")

    def __init__(self) -> None:
        super().__init__()
        self.codes: dict[int, int] = {}
        self.received = self.sent = 0

    def record(self, code: int, seconds: float, received: int = 0, sent: int = 0) -> None:
        """Count one answer.

        Args:
            code: of the protocol.
            seconds: from the request's head to its answer.
            received: bytes of the request's body, as it was on the wire.
            sent: bytes of the answer's.
        """
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds
        codes = self.codes
        codes[code] = codes.get(code, 0) + 1
        self.received += received
        self.sent += sent

    def add(self, other: Answers) -> None:
        """Add what another thread counted."""
        self.merge(other)
        for code, count in other.codes.copy().items():
            self.codes[code] = self.codes.get(code, 0) + count
        self.received += other.received
        self.sent += other.sent


@dataclass(slots=True)
class Metrics:
    """Everything that is counted.

    Attributes:
        answers: by model, protocol and thread. A model that is not served is counted under an empty name.
        stages: by model and thread.
        in_flight: requests that the event loop is answering now.
        pull_seconds, load_seconds: of the model; 0 before.
        facts: labels of the info metric.
    """

    answers: dict[tuple[str, str, int], Answers] = field(default_factory=dict)
    stages: dict[tuple[str, int], Stages] = field(default_factory=dict)
    in_flight: int = 0
    pull_seconds: float = 0.0
    load_seconds: float = 0.0
    facts: dict[str, str] = field(default_factory=dict)

    def answers_of(self, model: str, protocol: str) -> Answers:
        """Where the calling thread counts the answers of a model over a protocol."""
        key = (model, protocol, get_ident())
        return self.answers.get(key) or self.answers.setdefault(key, Answers())

    def stages_of(self, model: str) -> Stages:
        """Where the calling thread counts what a model's requests go through."""
        key = (model, get_ident())
        return self.stages.get(key) or self.stages.setdefault(key, Stages())

    def all_answers(self) -> dict[tuple[str, str], Answers]:
        """Sums over all threads, by model and protocol."""
        sums: dict[tuple[str, str], Answers] = {}
        for (model, protocol, _), answers in self.answers.copy().items():
            sums.setdefault((model, protocol), Answers()).add(answers)
        return sums

    def answered(self) -> int:
        """How many answers were given so far, over every protocol."""
        return sum(sum(answers.codes.copy().values()) for answers in self.answers.copy().values())

    def all_stages(self) -> dict[str, Stages]:
        """Sums over all threads, by model."""
        sums: dict[str, Stages] = {}
        for (model, _), stages in self.stages.copy().items():
            sums.setdefault(model, Stages()).merge(stages)
        return sums
