"""A world for the scheduler: a clock, an event loop, engine threads and clients that are all make-believe.

The scheduler, its queue, its gathering and its runs are the real ones; time passes only where the world says
so, so a whole history is one function of its arrivals. Arrivals of the same moment come in one turn of the
loop. A run takes a fixed time plus some for each row; on the loop it holds the loop, on a thread it does not.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import numpy as np

from engine_doubles import ROWS, Doubler
from slipway_runtime.errors import Overloaded
from slipway_runtime.protocol.tensors import Array
from slipway_runtime.scheduling.batching import Batching
from slipway_runtime.scheduling.executor import Executor
from slipway_runtime.scheduling.inline import InlineLimit
from slipway_runtime.scheduling.run import run
from slipway_runtime.scheduling.scheduler import Scheduler
from slipway_runtime.telemetry.stages import Stages

FIXED_SECONDS, ROW_SECONDS = 1.0, 0.1


@dataclass(frozen=True)
class Arrival:
    """One request.

    Attributes:
        at: when it comes.
        values: one for each row; POISON is refused by the model.
        outputs: names.
        patience: seconds until its deadline.
        leaves: its client goes away so many seconds after it came.
    """

    at: float
    values: Sequence[float]
    outputs: tuple[str, ...] = ("doubled",)
    patience: float = 1e9
    leaves: float = 1e9


@dataclass
class Outcome:
    """What became of an arrival; also the future that the scheduler settles.

    Attributes:
        arrival: the request.
        world: whose clock counts.
        result: its outputs, or what went wrong.
        settled: when; None before.
        at_once: its run began the moment it came.
    """

    arrival: Arrival
    world: World
    result: list[Array] | BaseException | None = None
    settled: float | None = None
    at_once: bool = False

    def done(self) -> bool:
        """Settled."""
        return self.settled is not None

    def settle(self, result: list[Array] | BaseException) -> None:
        """Once and never again."""
        assert not self.done(), "settled twice"
        self.result, self.settled = result, self.world.now

    set_result = set_exception = settle


@dataclass
class Started:
    """One run of the engine: when, and the first value of each of its rows."""

    at: float
    values: list[float]
    outputs: Sequence[str]


@dataclass(order=True)
class Event:
    """Something that happens."""

    at: float
    number: int
    action: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        """It does not happen."""
        self.cancelled = True


class Unlearning(InlineLimit):
    """Stays as it is: runs take a second here, which would end all running on the loop."""

    __slots__ = ()

    def observe(self, seconds: float) -> None:
        """Learn nothing."""


class World(Doubler):
    """The loop, the clock and the engine.

    Args:
        threads: engine threads.
        max_queue: requests that may wait.
        small: input elements that run on the loop.
        max_rows: of a shared run.
    """

    def __init__(self, *, threads: int, max_queue: int, small: int, max_rows: int) -> None:
        super().__init__(ROWS)
        self.double = super().run
        self.now = 0.0
        self.started: list[Started] = []
        self.outcomes: list[Outcome] = []
        self.stages = Stages()
        self._events: list[Event] = []
        self._numbers = itertools.count()
        self._coming: Outcome | None = None
        self._threads = threads
        self.executor = Executor(self, threads, max_queue, self.stages, max_rows=max_rows, clock=self.clock)
        self.executor._loop = cast("Any", self)
        batching = Batching(
            ("x",), True, max_rows, loop_rows=max_rows, thread_rows=max_rows, loop_elements=1000
        )
        self._scheduler = Scheduler(
            self,
            self.executor,
            Unlearning(small),
            lambda: self.stages,
            cast("Any", self),
            batching=batching,
            clock=self.clock,
        )

    def clock(self) -> float:
        """Now."""
        return self.now

    # the engine

    def run(self, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """Takes time."""
        x = inputs["x"]
        self.started.append(Started(self.now, x[:, 0].tolist(), outputs))
        self.now += FIXED_SECONDS + ROW_SECONDS * len(x)
        return self.double(inputs, outputs)

    # the event loop, as far as the scheduler knows it

    def create_future(self) -> Any:
        """The outcome of the request that is being submitted."""
        return self._coming

    def call_soon(self, action: Callable[..., None], *args: Any) -> Event:
        """At the end of this turn, after everything that arrives now."""
        return self.call_later(0.0, action, *args)

    def call_later(self, delay: float, action: Callable[..., None], *args: Any) -> Event:
        """After a while."""
        event = Event(self.now + delay, next(self._numbers), lambda: action(*args))
        heapq.heappush(self._events, event)
        return event

    # history

    def play(self, arrivals: Sequence[Arrival]) -> list[Outcome]:
        """Let all of it happen; returns the outcomes in the arrivals' order."""
        self.outcomes = [Outcome(arrival, self) for arrival in arrivals]
        for outcome in self.outcomes:
            heapq.heappush(
                self._events,
                Event(outcome.arrival.at, next(self._numbers), partial(self._submit, outcome)),
            )
        while self._events:
            event = heapq.heappop(self._events)
            self.now = max(self.now, event.at)  # a run on the loop may have held it up
            if not event.cancelled:
                event.action()
                self._start_threads()
        return self.outcomes

    def _submit(self, outcome: Outcome) -> None:
        arrival = outcome.arrival
        self._coming = outcome
        x = np.array([[value, value] for value in arrival.values], dtype=np.float32)

        def gone() -> bool:
            return self.now >= arrival.at + arrival.leaves

        try:
            answer = self._scheduler.submit(
                {"x": x}, arrival.outputs, x.size, arrival.at + arrival.patience, gone
            )
        except Exception as error:  # noqa: BLE001 # what the client gets
            outcome.settle(error)
        else:
            if isinstance(answer, list):
                outcome.settle(answer)
        outcome.at_once = outcome.done()

    def _start_threads(self) -> None:
        """Play the engine threads: compute now, be done later."""
        while not self.executor._inbox.empty():
            calls = self.executor._inbox.get()
            assert calls
            begun = self.now
            runs = run(self, calls, self.clock)
            took, self.now = self.now - begun, begun
            self.call_later(took, self.executor._finish, runs)
        waiting = self.executor._waiting
        idle = self._threads - self.executor._busy
        assert not (idle and len(waiting)), "requests wait although a thread is free"


def refused(outcome: Outcome) -> bool:
    """It met a full queue."""
    return isinstance(outcome.result, Overloaded)
