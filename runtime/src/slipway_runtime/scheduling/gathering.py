"""Small requests that came in the same turn of the event loop are run at its end, shared where they may be.

A turn reads every socket that has something to say. Sixteen clients that were answered together ask again
together, so a turn often brings several requests, and a model whose run is mostly fixed cost answers them in
one. Also those that run alone gain a little by waiting: a run empties the processor's caches, and requests
that are read one after the other, answers that are written one after the other find them warm.

A request that comes alone must not pay for that: as long as turns bring one request each, it is run at
once, where it is; the second one in a turn starts the gathering, a row of lonely ones ends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway_runtime.scheduling.backlog import Backlog
from slipway_runtime.scheduling.run import run_small

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from slipway_runtime.engines.engine import Engine
    from slipway_runtime.scheduling.batching import Batching
    from slipway_runtime.scheduling.call import Call
    from slipway_runtime.scheduling.inline import InlineLimit
    from slipway_runtime.telemetry.stages import Stages

LONELY = 16
UNLIMITED = 2**31
TURN_SECONDS = 0.004  # of runs; then answers go out and sockets are looked at: nobody holds the loop for long


class Gathering:
    """The calls of one turn.

    Args:
        engine: runs them.
        batching: how many rows and elements at once.
        inline: learns how long runs took.
        stages: told how long calls waited and ran.
        loop: whose turns these are.
        clock: seconds, monotonic.
    """

    __slots__ = (
        "_active",
        "_backlog",
        "_clock",
        "_engine",
        "_inline",
        "_lonely",
        "_loop",
        "_seen",
        "_stages",
    )

    def __init__(
        self,
        engine: Engine,
        batching: Batching,
        inline: InlineLimit,
        stages: Stages,
        loop: asyncio.AbstractEventLoop,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._backlog = Backlog(batching.max_rows, batching.loop_elements)
        self._inline = inline
        self._stages = stages
        self._loop = loop
        self._clock = clock
        self._active = False
        self._seen = 0
        self._lonely = 0

    def wanted(self) -> bool:
        """True when the request that has just come should wait for the end of the turn."""
        if self._active:
            return True
        self._seen += 1
        if self._seen == 1:
            self._loop.call_soon(self._turn_over)
            return False
        self._active, self._lonely = True, 0
        return True

    def add(self, call: Call) -> None:
        """Run a call at the end of the turn."""
        self._backlog.add(call)
        if len(self._backlog) == 1:
            self._loop.call_soon(self._flush)

    def _turn_over(self) -> None:
        self._seen = 0

    def _flush(self) -> None:
        if len(self._backlog) > 1:
            self._lonely = 0
        else:
            self._lonely += 1
            self._active = self._lonely < LONELY
        end = self._clock() + TURN_SECONDS
        while calls := self._backlog.take(self._is_wanted, UNLIMITED):
            run_small(self._engine, calls, self._inline, self._stages, self._clock)
            if self._clock() >= end:
                break
        if self._backlog:
            self._loop.call_soon(self._flush)

    def _is_wanted(self, call: Call) -> bool:
        return call.wanted(self._clock())
