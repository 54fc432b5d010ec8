"""Counting what came of every request: totals, by stream, by second, by revision, by fault.

All times are seconds since the load began. A request belongs to the second it was meant to leave
in, so a stall shows where it happened, not where it ended. Its phase is the one it was due in too,
unless it failed: what ended a long request is what went on when it ended.

A phase also knows each request's latency, for those that were due while the machine had a core to spare:
which ones these are is known only later.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from openloop.cores import Cores
from openloop.faults import Fault, RequestError
from openloop.histogram import Histogram

PHASE = "phase: "
SAMPLES_KEPT = 5
"""Failures told in full, for each class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One request's end. It failed if `error` is there, else `revision` answered it."""

    stream: str
    request_id: str
    due: float
    sent: float
    done: float
    revision: str = ""
    error: RequestError | None = None


@dataclass
class Tally:
    """Requests and failures of some set, with their latencies from the due time."""

    requests: int = 0
    failed: int = 0
    latency: Histogram = field(default_factory=Histogram)

    def add(self, outcome: Outcome) -> None:
        """Counts one request."""
        self.requests += 1
        self.failed += outcome.error is not None
        self.latency.add(round((outcome.done - outcome.due) * 1e6))


@dataclass
class Seen:
    """When one revision answered on one stream: the first and the last right answer's time."""

    requests: int = 0
    first: float = float("inf")
    last: float = 0.0

    def add(self, done: float) -> None:
        """Counts one right answer."""
        self.requests += 1
        self.first = min(self.first, done)
        self.last = max(self.last, done)


@dataclass
class Phase:
    """A named stretch of the run: what was due or failed in it, by stream, and which revisions answered."""

    name: str
    begin: float
    streams: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    revisions: defaultdict[tuple[str, str], Seen] = field(default_factory=lambda: defaultdict(Seen))
    dues: defaultdict[str, array[float]] = field(default_factory=lambda: defaultdict(lambda: array("d")))
    waits: defaultdict[str, array[float]] = field(default_factory=lambda: defaultdict(lambda: array("d")))
    """Seconds, in the order of `dues`."""

    def add(self, outcome: Outcome) -> None:
        """Counts one request."""
        self.streams[outcome.stream].add(outcome)
        self.dues[outcome.stream].append(outcome.due)
        self.waits[outcome.stream].append(outcome.done - outcome.due)
        if outcome.error is None:
            self.revisions[outcome.stream, outcome.revision].add(outcome.done)

    def with_a_core_free(self, stream: str, cores: Cores) -> Histogram:
        """Latencies of the requests that were due while a core was idle."""
        found = Histogram()
        for due, wait in zip(self.dues[stream], self.waits[stream], strict=True):
            if cores.free(due):
                found.add(round(wait * 1e6))
        return found


class Record:
    """Everything a report tells."""

    def __init__(self) -> None:
        self.total = Tally()
        self.streams: defaultdict[str, Tally] = defaultdict(Tally)
        self.seconds: defaultdict[int, Tally] = defaultdict(Tally)
        self.seconds_by_revision: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self.revisions: defaultdict[tuple[str, str], Seen] = defaultdict(Seen)
        self.faults: Counter[Fault] = Counter()
        self.samples: defaultdict[Fault, list[Outcome]] = defaultdict(list)
        self.lag = Histogram()
        self.marks: list[tuple[float, str]] = []
        self.phases: list[Phase] = []
        self.cores = Cores()

    def add(self, outcome: Outcome) -> None:
        """Counts one request everywhere it belongs."""
        second = int(outcome.due)
        for tally in (self.total, self.streams[outcome.stream], self.seconds[second]):
            tally.add(outcome)
        self.lag.add(round((outcome.sent - outcome.due) * 1e6))
        belongs = outcome.due if outcome.error is None else outcome.done
        for phase in reversed(self.phases):
            if phase.begin <= belongs:
                phase.add(outcome)
                break
        if outcome.error is None:
            self.revisions[outcome.stream, outcome.revision].add(outcome.done)
            self.seconds_by_revision[second][outcome.revision] += 1
            return
        fault = outcome.error.fault
        self.faults[fault] += 1
        if len(self.samples[fault]) < SAMPLES_KEPT:
            self.samples[fault].append(outcome)

    def mark(self, at: float, text: str) -> None:
        """Notes what somebody else did at that time; `phase: NAME` begins a phase."""
        self.marks.append((at, text))
        if text.startswith(PHASE):
            self.phases.append(Phase(text.removeprefix(PHASE), at))
