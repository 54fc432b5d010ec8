"""A few threads behind a bounded queue.

Admission: a call that finds no free thread waits, in order; when the queue is full it is refused at once.
Batching: whoever waits when a thread comes free may share its run (backlog has the rules); a call that finds
a free thread runs at once, alone. Deadline: a call whose time is over is answered at that moment, waiting or
running; a run that was started is not interrupted, its result is dropped and its thread comes free when it
ends. Cancellation: a call whose client has left is dropped when its turn comes, and before anybody else is
refused for want of room.

Threads and not an executor of the standard library: its futures carry locks and callbacks that cost as much
as a small model. Everything but `_work` happens on the event loop, and that reaches the rest through it, so
nothing needs a lock.
"""

from __future__ import annotations

import time
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

from slipway_runtime.errors import Overloaded
from slipway_runtime.scheduling.backlog import Backlog
from slipway_runtime.scheduling.batching import MAX_ELEMENTS
from slipway_runtime.scheduling.run import run, settle

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from slipway_runtime.engines.engine import Engine
    from slipway_runtime.scheduling.call import Call
    from slipway_runtime.scheduling.run import Run
    from slipway_runtime.telemetry.stages import Stages


class Executor:
    """Runs calls on threads.

    Args:
        engine: what runs.
        threads: runs side by side.
        max_queue: calls that may wait besides.
        stages: told how long calls waited and ran.
        max_rows: of a run that calls share.
        clock: seconds, monotonic.

    Attributes:
        max_queue: see above.
    """

    def __init__(
        self,
        engine: Engine,
        threads: int,
        max_queue: int,
        stages: Stages,
        *,
        max_rows: int = 1,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._engine = engine
        self._threads = threads
        self.max_queue = max_queue
        self._stages = stages
        self._clock = clock
        self._busy = 0
        self._waiting = Backlog(max_rows, MAX_ELEMENTS)
        self._inbox: SimpleQueue[list[Call] | None] = SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the threads; results come back on this loop."""
        self._loop = loop
        for number in range(self._threads):
            Thread(target=self._work, args=(loop,), name=f"engine-{number}", daemon=True).start()

    def stop(self) -> None:
        """Let the threads end when they are free."""
        for _ in range(self._threads):
            self._inbox.put(None)

    def enter(self, call: Call) -> None:
        """Run a call as soon as a thread is free; its waiter is settled on the loop.

        Raises:
            Overloaded: the queue is full.
        """
        self._admit()
        loop = self._started_on()
        call.timer = loop.call_later(max(0.0, call.deadline - self._clock()), call.expire)
        self._waiting.add(call)
        self._dispatch()

    def _started_on(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError("the executor was not started")
        return self._loop

    def _admit(self) -> None:
        if self._busy < self._threads or len(self._waiting) < self.max_queue:
            return
        self._waiting.drop(self._wanted)
        if len(self._waiting) >= self.max_queue:
            raise Overloaded(f"{len(self._waiting)} requests are waiting, no more may: try again later")

    def _dispatch(self) -> None:
        """Give every free thread its share of what waits."""
        while self._busy < self._threads and self._waiting:
            share = -(-len(self._waiting) // self._threads)
            calls = self._waiting.take(self._wanted, share)
            if calls:
                self._busy += 1
                self._inbox.put(calls)
        self._stages.waiting = len(self._waiting)

    def _wanted(self, call: Call) -> bool:
        return call.wanted(self._clock())

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """The life of a thread."""
        while (calls := self._inbox.get()) is not None:
            runs = run(self._engine, calls, self._clock)
            try:
                loop.call_soon_threadsafe(self._finish, runs)
            except RuntimeError:
                return  # the loop is closed: nobody waits

    def _finish(self, runs: list[Run]) -> None:
        self._busy -= 1
        self._dispatch()
        settle(runs, self._stages, self._clock())
