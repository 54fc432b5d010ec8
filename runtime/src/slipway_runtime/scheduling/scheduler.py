"""Where a model's requests run: the one door between the data plane and the engine.

Three ways, by what was measured when the model was loaded:

- small requests run at once where they are, on the event loop or on the thread that asks;
- small requests of a model that gains from company wait for the end of the loop's turn and run together, as
  far as each gains by it (gathering), or, on threads, with those that came while another ran (joining);
- large ones run on the engine threads, together where they had to wait (executor).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeAlias

from slipway_runtime.errors import DeadlineExceeded
from slipway_runtime.scheduling.batching import Batching
from slipway_runtime.scheduling.call import TOO_LATE, Call
from slipway_runtime.scheduling.gathering import Gathering
from slipway_runtime.scheduling.joining import Joining, Told

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping, Sequence

    from slipway_runtime.engines.engine import Engine
    from slipway_runtime.protocol.tensors import Array
    from slipway_runtime.scheduling.executor import Executor
    from slipway_runtime.scheduling.inline import InlineLimit
    from slipway_runtime.scheduling.run import Result
    from slipway_runtime.telemetry.stages import Stages

    Arrays: TypeAlias = list[Array]


class Scheduler:
    """Runs one model.

    Args:
        engine: the model.
        executor: for what is not small.
        inline: what is small.
        stages_here: where the calling thread counts; each has its own.
        loop: runs what `submit` is given.
        batching: which requests may share a run.
        clock: the executor's.

    Attributes:
        stages_here: see above.
    """

    def __init__(
        self,
        engine: Engine,
        executor: Executor,
        inline: InlineLimit,
        stages_here: Callable[[], Stages],
        loop: asyncio.AbstractEventLoop,
        *,
        batching: Batching | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._engine = engine
        self._executor = executor
        self._inline = inline
        self.stages_here = stages_here
        self._stages = stages_here()
        self._loop = loop
        self._batching = batching or Batching()
        self._clock = clock
        gathers = self._batching.loop_rows > 0
        self._gathering = (
            Gathering(engine, self._batching, inline, self._stages, loop, clock=clock) if gathers else None
        )
        self._joining = (
            Joining(engine, self._batching, inline, stages_here, executor.max_queue, clock=clock)
            if gathers
            else None
        )

    def submit(
        self,
        inputs: Mapping[str, Array],
        outputs: Sequence[str],
        elements: int,
        deadline: float,
        abandoned: Callable[[], bool],
    ) -> Arrays | asyncio.Future[Arrays]:
        """Run a request from the event loop: its outputs, or a future of them where it has to wait.

        Args:
            inputs: validated.
            outputs: names.
            elements: in all inputs.
            deadline: on the clock's scale.
            abandoned: true when nobody waits for the answer any more.

        Raises:
            InvalidRequest, EngineFailed: from the engine.
            Overloaded: the queue is full.
            DeadlineExceeded: the deadline passed first.
            ClientGone: it was abandoned before its turn.
        """
        batching = self._batching
        rows = batching.rows(inputs)
        if elements > self._inline.elements:
            group = batching.group(inputs, outputs, rows, batching.thread_rows)
            future = self._loop.create_future()
            self._executor.enter(
                Call(inputs, outputs, rows, elements, group, deadline, abandoned, future, self._clock())
            )
            return future
        gathering = self._gathering
        if gathering is None or not gathering.wanted():
            result = self._run_here(inputs, outputs, rows, deadline, self._stages)
            if isinstance(result, BaseException):
                raise result
            return result
        group = batching.group(inputs, outputs, rows, batching.loop_rows)
        future = self._loop.create_future()
        gathering.add(
            Call(inputs, outputs, rows, elements, group, deadline, abandoned, future, self._clock())
        )
        return future

    def small(self, elements: int) -> bool:
        """True for what `submit_here` may be given."""
        return elements <= self._inline.elements

    def submit_here(  # noqa: PLR0917 # positional, because it is called per request
        self,
        inputs: Mapping[str, Array],
        outputs: Sequence[str],
        elements: int,
        deadline: float,
        abandoned: Callable[[], bool],
        stages: Stages,
        then: Callable[[Result], None],
    ) -> None:
        """Run a small request on the calling thread, which is not the loop's, or leave it to one that runs.

        Args:
            inputs: validated.
            outputs: names.
            elements: in all inputs.
            deadline: on the clock's scale.
            abandoned: true when nobody waits for the answer any more; asked on any thread.
            stages: where the calling thread counts.
            then: told the outputs or the fault, on this thread or on another, maybe before this returns. It
                raises nothing.
        """
        batching, joining = self._batching, self._joining
        rows = batching.rows(inputs)
        if joining is None or not 0 < rows <= batching.loop_rows:
            then(self._run_here(inputs, outputs, rows, deadline, stages))
        elif joining.enter():
            outcome = self._run_here(inputs, outputs, rows, deadline, stages)
            alone = joining.leave()
            then(outcome)
            if not alone:
                joining.run_waiting()
        else:
            group = batching.group(inputs, outputs, rows, batching.loop_rows)
            joining.add(
                Call(inputs, outputs, rows, elements, group, deadline, abandoned, Told(then), self._clock())
            )

    def _run_here(
        self,
        inputs: Mapping[str, Array],
        outputs: Sequence[str],
        rows: int,
        deadline: float,
        stages: Stages,
    ) -> Result:
        started = self._clock()
        if started >= deadline:
            return DeadlineExceeded(TOO_LATE)
        try:
            arrays = self._engine.run(inputs, outputs)
        except BaseException as fault:  # noqa: BLE001 # it is the waiter's, whatever it is
            return fault
        stopped = self._clock()
        seconds = stopped - started
        self._inline.observe(seconds)
        stages.ran_at_once(seconds, rows or 1, stopped)
        return DeadlineExceeded(TOO_LATE) if stopped > deadline else arrays
