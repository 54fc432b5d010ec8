"""Small requests of several threads: one runs at once, those that come while it runs share the next run.

gRPC's threads take messages side by side, and a run lets go of the interpreter, so others arrive during it. A
thread that finds no run under way runs its own request, where it is. One that finds a run leaves its request
here and goes back to its calls; whoever ran then runs what was left, together, before it goes back itself.
Nobody waits for company, and a request that comes alone pays for two looks at a lock.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from slipway_runtime.errors import Overloaded
from slipway_runtime.scheduling.backlog import Backlog
from slipway_runtime.scheduling.gathering import UNLIMITED
from slipway_runtime.scheduling.run import run_small

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway_runtime.engines.engine import Engine
    from slipway_runtime.protocol.tensors import Array
    from slipway_runtime.scheduling.batching import Batching
    from slipway_runtime.scheduling.call import Call
    from slipway_runtime.scheduling.inline import InlineLimit
    from slipway_runtime.scheduling.run import Result
    from slipway_runtime.telemetry.stages import Stages


class Told:
    """A waiter that is told its result, on whichever thread has it.

    Args:
        then: told once; raises nothing, because other waiters' results come after it.
    """

    __slots__ = ("_then",)

    def __init__(self, then: Callable[[Result], None]) -> None:
        self._then: Callable[[Result], None] | None = then

    def done(self) -> bool:
        """True once it was told."""
        return self._then is None

    def set_result(self, result: list[Array], /) -> None:
        """Tell it."""
        self._tell(result)

    def set_exception(self, exception: BaseException, /) -> None:
        """Tell it."""
        self._tell(exception)

    def _tell(self, result: Result) -> None:
        then, self._then = self._then, None
        if then is not None:
            then(result)


class Joining:
    """The place where one thread runs and the others leave their calls.

    Args:
        engine: runs them.
        batching: how many rows and elements at once.
        inline: learns how long runs took.
        stages_here: where the calling thread counts.
        max_queue: calls that may wait.
        clock: seconds, monotonic.
    """

    __slots__ = (
        "_clock",
        "_engine",
        "_inline",
        "_lock",
        "_max_queue",
        "_running",
        "_stages_here",
        "_waiting",
    )

    def __init__(
        self,
        engine: Engine,
        batching: Batching,
        inline: InlineLimit,
        stages_here: Callable[[], Stages],
        max_queue: int,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._inline = inline
        self._stages_here = stages_here
        self._max_queue = max_queue
        self._clock = clock
        self._waiting = Backlog(batching.max_rows, batching.loop_elements)
        self._running = False
        self._lock = Lock()

    def enter(self) -> bool:
        """True where no run is under way: the caller has the place until it leaves."""
        with self._lock:
            if self._running:
                return False
            self._running = True
            return True

    def leave(self) -> bool:
        """Give the place back; False where calls came meanwhile: then `run_waiting` is the caller's to do."""
        with self._lock:
            self._running = bool(self._waiting)
            return not self._running

    def add(self, call: Call) -> None:
        """Leave a call to the thread that runs; where that one has just left, run it here.

        Where too many wait it is settled at once, with Overloaded.
        """
        with self._lock:
            refusal, elsewhere = self._refusal(), self._running
            if refusal is None:
                self._waiting.add(call)
                self._running = True
        if refusal is not None:
            call.settle(refusal, self._clock())
        elif not elsewhere:
            self.run_waiting()

    def run_waiting(self) -> None:
        """Run what waits, and what comes meanwhile, for the thread that has the place; gives it back."""
        while calls := self._next():
            run_small(self._engine, calls, self._inline, self._stages_here(), self._clock)

    def _next(self) -> list[Call]:
        with self._lock:
            calls = self._waiting.take(self._wanted, UNLIMITED)
            self._running = bool(calls)
            return calls

    def _refusal(self) -> Overloaded | None:
        if len(self._waiting) >= self._max_queue:
            self._waiting.drop(self._wanted)
        if len(self._waiting) < self._max_queue or not self._running:
            return None
        return Overloaded(f"{len(self._waiting)} requests are waiting, no more may: try again later")

    def _wanted(self, call: Call) -> bool:
        return call.wanted(self._clock())
