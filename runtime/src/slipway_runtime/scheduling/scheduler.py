"""Where a model's requests run: the one door between the data plane and the engine.

Batching will stand here: it is the place that sees validated requests of one model, and decides when they
run.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway_runtime.scheduling.executor import Executor
    from slipway_runtime.scheduling.inline import InlineLimit
    from slipway_runtime.telemetry.metrics import Stages

T = TypeVar("T")


class Scheduler:
    """Runs work at once or on a thread.

    Args:
        executor: for what is not small.
        inline: what is small.
        stages: told how long work took.
        clock: the executor's.
    """

    __slots__ = ("_clock", "_executor", "_inline", "_stages")

    def __init__(
        self,
        executor: Executor,
        inline: InlineLimit,
        stages: Stages,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._executor = executor
        self._inline = inline
        self._stages = stages
        self._clock = clock

    async def submit(
        self, work: Callable[[], T], elements: int, deadline: float, abandoned: Callable[[], bool]
    ) -> T:
        """Run work; see Executor.run for what it raises.

        Args:
            work: the engine's run.
            elements: size of its inputs.
            deadline: on the clock's scale.
            abandoned: true when nobody waits for the answer any more.
        """
        if elements > self._inline.elements:
            return await self._executor.run(work, deadline=deadline, abandoned=abandoned)
        return self._run_here(work)

    def submit_blocking(
        self, work: Callable[[], T], elements: int, deadline: float, abandoned: Callable[[], bool]
    ) -> T:
        """The same from a thread that may wait; small work runs on that thread."""
        if elements > self._inline.elements:
            return self._executor.run_blocking(work, deadline=deadline, abandoned=abandoned)
        return self._run_here(work)

    def _run_here(self, work: Callable[[], T]) -> T:
        started = self._clock()
        result = work()
        seconds = self._clock() - started
        self._inline.observe(seconds)
        self._stages.ran_at_once(seconds)
        return result
