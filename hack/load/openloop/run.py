"""A whole run: streams of arrivals, each request a task of its own, until it is enough.

A run ends when `requests` have been sent and nobody holds it any longer, or when `seconds` have
passed, or when it is told to stop; then the requests under way are awaited (each has its time-out).
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass

from openloop.client import Client
from openloop.faults import Fault, RequestError
from openloop.record import Outcome, Record
from openloop.schedule import arrivals

MAX_IN_FLIGHT = 5_000


@dataclass(frozen=True, kw_only=True)
class Stream:
    """One kind of client and how many requests a second it sends.

    `patience`: seconds that its requests may take besides the run's time-out, being slow on purpose.
    """

    name: str
    rate: float
    client: Client
    patience: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How much is enough. `hold`: after `requests`, go on until `Run.release` is called."""

    requests: int
    seconds: float
    timeout: float = 10.0
    hold: bool = False


class Run:
    """Sends, judges and records; `record` may be read at any time."""

    def __init__(self, samples: int, streams: Sequence[Stream], bounds: Bounds) -> None:
        self._samples = samples
        self._streams = streams
        self._bounds = bounds
        self._stop = asyncio.Event()
        self._held = bounds.hold
        self._ids = itertools.count()
        self._in_flight = 0
        self._start = 0.0
        self.sent = 0
        self.record = Record()

    async def go(self) -> Record:
        """Runs to the end."""
        self._start = time.perf_counter()
        cores = asyncio.create_task(self.record.cores.watch(self.elapsed))
        # One group for everything: a request's task that breaks for no known reason ends the run
        # with its error, instead of vanishing from the count.
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch_clock())
                for stream in self._streams:
                    group.create_task(self._drive(stream, group))
        finally:
            cores.cancel()
        for stream in self._streams:
            stream.client.close()
        return self.record

    def release(self) -> None:
        """Nobody holds the run any longer: it ends once its requests are sent."""
        self._held = False
        self._stop_if_enough()

    def stop(self) -> None:
        """Sends nothing more."""
        self._stop.set()

    def mark(self, text: str) -> None:
        """Notes `text` on the time axis."""
        self.record.mark(self.elapsed(), text)

    def elapsed(self) -> float:
        """Seconds since the first arrival was due."""
        return time.perf_counter() - self._start

    async def _watch_clock(self) -> None:
        try:
            async with asyncio.timeout(self._bounds.seconds):
                await self._stop.wait()
        except TimeoutError:
            self.stop()

    def _stop_if_enough(self) -> None:
        if self.sent >= self._bounds.requests and not self._held:
            self._stop.set()

    async def _drive(self, stream: Stream, group: asyncio.TaskGroup) -> None:
        async for due in arrivals(stream.rate, self._start, self._stop):
            if due - self._start >= self._bounds.seconds:  # overdue ones are sent before the clock is heard
                self.stop()
                return
            group.create_task(self._one(stream, next(self._ids), due))
            self.sent += 1
            self._stop_if_enough()

    async def _one(self, stream: Stream, number: int, due: float) -> None:
        sample = number % self._samples
        request_id = f"{stream.name}-{number}"
        sent = time.perf_counter()
        revision, error = "", None
        self._in_flight += 1
        try:
            revision = await self._ask(stream, sample, request_id, due)
        except RequestError as failed:
            error = failed
        finally:
            self._in_flight -= 1
        done = time.perf_counter()
        self.record.add(
            Outcome(
                stream=stream.name,
                request_id=request_id,
                due=due - self._start,
                sent=sent - self._start,
                done=done - self._start,
                revision=revision,
                error=error,
            )
        )

    async def _ask(self, stream: Stream, sample: int, request_id: str, due: float) -> str:
        """The revision that answered within the time-out, which counts from the due time."""
        if self._in_flight > MAX_IN_FLIGHT:
            raise RequestError(
                Fault.CLIENT, f"not sent: {MAX_IN_FLIGHT} requests are under way; lower the rate"
            )
        allowed = self._bounds.timeout + stream.patience
        left = allowed - (time.perf_counter() - due)
        try:
            async with asyncio.timeout(left):
                return await stream.client.ask(sample, request_id)
        except TimeoutError:
            raise RequestError(Fault.TIMEOUT, f"no whole answer within {allowed:g} s") from None
