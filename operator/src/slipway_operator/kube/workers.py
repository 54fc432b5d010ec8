"""N tasks that take keys from the queue and reconcile them, one run per key at a time.

They start as soon as the gate opens (stores filled, Lease held). An error's class says how long to
leave its key alone; an error that is no `KubeError` is a bug of ours: logged with its traceback,
retried with the longest back-off, and no other key is held up by it. To stop, the queue is closed
first, so that nothing new starts, and what runs gets some seconds to finish.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from slipway_operator.api.types import Key
from slipway_operator.kube import errors
from slipway_operator.kube.clock import Backoff, Clock
from slipway_operator.kube.queue import LAZY, USUAL, QueueClosed, WorkQueue

LOG = logging.getLogger(__name__)
RECONCILE_SECONDS: Final = 60.0
BUG: Final = Backoff(1.0, 300.0)
SOON: Final = 60.0
"""A look that is wanted again sooner than this is part of a workflow, not a routine re-check."""

Reconcile = Callable[[Key], Awaitable[float | None]]
"""One look at a key; answers in how many seconds to look again (`None`: when woken)."""


class Meter(Protocol):
    """Who counts reconciles; results are success, requeue_after, error and timeout."""

    def begun(self, key: Key) -> None:
        """A look begins."""
        ...

    def ended(self, key: Key, result: str) -> None:
        """A look ended."""
        ...


class Workers:
    """`count` tasks over one queue."""

    def __init__(
        self,
        queue: WorkQueue,
        reconcile: Reconcile,
        *,
        count: int,
        gate: Callable[[], Awaitable[object]],
        clock: Clock,
        meter: Meter,
        seconds: float = RECONCILE_SECONDS,
    ) -> None:
        self._queue = queue
        self._reconcile = reconcile
        self._count = count
        self._gate = gate
        self._clock = clock
        self._meter = meter
        self._seconds = seconds
        self._tasks: list[asyncio.Task[None]] = []
        self.running: dict[Key, float] = {}
        """Keys under work, with the monotonic second each began at."""

    def start(self) -> None:
        """Makes the tasks; they wait for the gate by themselves."""
        self._tasks = [
            asyncio.create_task(self._work(), name=f"worker {number}") for number in range(self._count)
        ]

    async def stop(self, grace: float) -> None:
        """Takes no more keys, waits `grace` seconds for what runs, then cancels it."""
        self._queue.close()
        idle = [] if self.running else self._tasks
        for task in idle:
            task.cancel()  # may still wait at the gate
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work(self) -> None:
        await self._gate()
        while True:
            try:
                key = await self._queue.get()
            except QueueClosed:
                return
            await self._look(key)

    async def _look(self, key: Key) -> None:
        self.running[key] = self._clock.now()
        self._meter.begun(key)
        try:
            async with asyncio.timeout(self._seconds):
                again_after = await self._reconcile(key)
        except errors.KubeError as error:
            self._failed(key, error, error.backoff, error.retry_after)
        except TimeoutError:
            self._failed(key, f"took longer than {self._seconds:g} s", BUG, result="timeout")
        except Exception as error:
            LOG.exception("%s: unexpected error; this is a bug", key)
            self._failed(key, error, BUG)
        else:
            self._meter.ended(key, "success" if again_after is None else "requeue_after")
            soon = again_after is not None and again_after < SOON
            self._queue.done(key, again_after=again_after, priority=USUAL if soon else LAZY)
        finally:
            self.running.pop(key, None)

    def _failed(
        self, key: Key, error: object, backoff: Backoff, floor: float = 0.0, *, result: str = "error"
    ) -> None:
        delay = self._queue.failed(key, backoff, floor=floor)
        self._meter.ended(key, result)
        level = logging.INFO if isinstance(error, errors.Terminating) else logging.WARNING
        LOG.log(level, "%s: %s: %s; again in %.1f s", key, type(error).__name__, error, delay)
