"""A few threads behind a bounded queue.

Admission: a job that finds no free thread waits, in order; when the queue is full it is refused at once.
Deadline: a job whose time is over is answered at that moment, waiting or running; a run that was started is
not interrupted, its result is dropped and its thread comes free when it ends. Cancellation: a job whose
client has left is dropped when its turn comes, and before anybody else is refused for want of room.

Threads and not an executor of the standard library: its futures carry locks and callbacks that cost as much
as a small model. Everything but `_work` and `run_blocking` runs on the event loop, and these two reach the
rest through it, so nothing needs a lock.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from concurrent import futures
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from slipway_runtime.errors import ClientGone, DeadlineExceeded, Overloaded

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway_runtime.telemetry.metrics import Stages

T = TypeVar("T")

TOO_LATE = "the request's time is over: send less, or less at once"
LOOK_SECONDS = 0.1  # how often a thread that waits asks whether its client is still there


class Job(Generic[T]):
    """One piece of work and who waits for it."""

    __slots__ = ("abandoned", "error", "future", "queued", "result", "started", "stopped", "work")

    def __init__(
        self,
        work: Callable[[], T],
        future: asyncio.Future[T] | futures.Future[T],
        abandoned: Callable[[], bool],
        queued: float,
    ) -> None:
        self.work = work
        self.future = future
        self.abandoned = abandoned
        self.queued = queued
        self.started = self.stopped = queued
        self.result: T | None = None
        self.error: BaseException | None = None

    def expire(self) -> None:
        """Its time is over."""
        if not self.future.done():
            self.future.set_exception(DeadlineExceeded(TOO_LATE))

    def wanted(self) -> bool:
        """False where it was answered already, or nobody waits any more."""
        if self.future.done():
            return False
        if self.abandoned():
            self.future.set_exception(ClientGone("the client closed its connection"))
            return False
        return True


class Executor:
    """Runs jobs on threads.

    Args:
        threads: jobs that run side by side.
        max_queue: jobs that may wait besides.
        stages: told how long jobs waited and ran.
        clock: seconds, monotonic.
    """

    def __init__(
        self, threads: int, max_queue: int, stages: Stages, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._threads = threads
        self._max_queue = max_queue
        self._stages = stages
        self._clock = clock
        self._busy = 0
        self._waiting: deque[Job[Any]] = deque()
        self._inbox: SimpleQueue[Job[Any] | None] = SimpleQueue()
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

    async def run(self, work: Callable[[], T], *, deadline: float, abandoned: Callable[[], bool]) -> T:
        """Run one job.

        Args:
            work: called on a thread.
            deadline: on the clock's scale.
            abandoned: true when nobody waits for the answer any more.

        Raises:
            Overloaded: the queue is full.
            DeadlineExceeded: the deadline passed first.
            ClientGone: it was abandoned before its turn.
        """
        loop = self._started_on()
        now = self._clock()
        future: asyncio.Future[T] = loop.create_future()
        job = Job[T](work, future, abandoned, now)
        self._enter(job)
        timer = loop.call_later(max(0.0, deadline - now), job.expire)
        try:
            return await future
        finally:
            timer.cancel()

    def run_blocking(self, work: Callable[[], T], *, deadline: float, abandoned: Callable[[], bool]) -> T:
        """The same from a thread that may wait, which the event loop's must not; see run."""
        loop = self._started_on()
        future: futures.Future[T] = futures.Future()
        job = Job[T](work, future, abandoned, self._clock())
        loop.call_soon_threadsafe(self._enter_or_refuse, job)
        while (left := deadline - self._clock()) > 0:
            try:
                return future.result(min(left, LOOK_SECONDS))
            except futures.TimeoutError:
                if abandoned():
                    loop.call_soon_threadsafe(job.wanted)
        loop.call_soon_threadsafe(job.expire)
        raise DeadlineExceeded(TOO_LATE)

    def _started_on(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError("the executor was not started")
        return self._loop

    def _enter(self, job: Job[Any]) -> None:
        """Dispatch or queue a job."""
        self._admit()
        if self._busy < self._threads:
            self._dispatch(job)
        else:
            self._waiting.append(job)

    def _enter_or_refuse(self, job: Job[Any]) -> None:
        try:
            self._enter(job)
        except Overloaded as refusal:
            job.future.set_exception(refusal)

    def _admit(self) -> None:
        if self._busy < self._threads or len(self._waiting) < self._max_queue:
            return
        self._waiting = deque(job for job in self._waiting if job.wanted())
        if len(self._waiting) >= self._max_queue:
            raise Overloaded(f"{len(self._waiting)} requests are waiting, no more may: try again later")

    def _dispatch(self, job: Job[Any]) -> None:
        self._busy += 1
        self._inbox.put(job)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """The life of a thread."""
        while (job := self._inbox.get()) is not None:
            job.started = self._clock()
            try:
                job.result = job.work()
            except BaseException as error:  # noqa: BLE001 # it is the waiter's, whatever it is
                job.error = error
            job.stopped = self._clock()
            try:
                loop.call_soon_threadsafe(self._finish, job)
            except RuntimeError:
                return  # the loop is closed: nobody waits

    def _finish(self, job: Job[Any]) -> None:
        self._busy -= 1
        self._stages.queue.observe(job.started - job.queued)
        self._stages.compute.observe(job.stopped - job.started)
        if not job.future.done():
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)
        while self._waiting and self._busy < self._threads:
            following = self._waiting.popleft()
            if following.wanted():
                self._dispatch(following)
