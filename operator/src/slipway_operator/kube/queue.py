"""Which ModelDeployment to look at next.

A key is in here at most once, however often it is woken: duplicates merge, the earliest and most
urgent wish wins. A key that is being worked on is not handed out a second time; what wakes it
meanwhile runs it again afterwards. Failures of a key push it back, further each time, and a child's
event does not cut that short, or a child that changes twenty times a second would turn an error
into a hot loop; a user's change does.
"""

from __future__ import annotations

import asyncio
from heapq import heappop, heappush
from itertools import count
from typing import Protocol

from slipway_operator.api.types import Key
from slipway_operator.kube.clock import Backoff, Clock

URGENT, USUAL, LAZY = 0, 1, 2
"""Priorities: the user changed something; a child changed, or a retry; first sight and re-checks."""


class QueueClosed(Exception):  # noqa: N818 -- an end, not an error
    """No more keys will come."""


class Gauges(Protocol):
    """Who counts what the queue does; times in seconds."""

    def added(self, priority: int) -> None:
        """A key was asked for."""
        ...

    def depth(self, size: int) -> None:
        """That many keys are ready."""
        ...

    def started(self, waited: float) -> None:
        """A key was handed out after waiting ready for so long."""
        ...

    def retried(self) -> None:
        """A key failed and will come again."""
        ...


class _Wish:
    __slots__ = ("due", "priority", "ready_since")

    def __init__(self, due: float, priority: int) -> None:
        self.due = due
        self.priority = priority
        self.ready_since: float | None = None


class WorkQueue:
    """Keys in, keys out; `get` waits, `done` must follow each `get`."""

    def __init__(self, clock: Clock, gauges: Gauges) -> None:
        self._clock = clock
        self._gauges = gauges
        self._wishes: dict[Key, _Wish] = {}
        self._ready: list[tuple[int, int, Key, _Wish]] = []
        self._delayed: list[tuple[float, int, Key, _Wish]] = []
        self._running: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._not_before: dict[Key, float] = {}
        self._turn = count()
        self._changed = asyncio.Event()
        self._closed = False

    def __len__(self) -> int:
        return len(self._wishes)

    def add(self, key: Key, *, after: float = 0.0, priority: int = USUAL) -> None:
        """Asks for a look at `key` in `after` seconds at the latest; `URGENT` waits for no back-off."""
        if priority == URGENT:
            self._failures.pop(key, None)
            self._not_before.pop(key, None)
        due = max(self._clock.now() + after, self._not_before.get(key, 0.0))
        self._gauges.added(priority)
        known = self._wishes.get(key)
        if known is not None and known.due <= due and known.priority <= priority:
            return
        if known is not None:
            due, priority = min(due, known.due), min(priority, known.priority)
        self._wishes[key] = _Wish(due, priority)
        if key not in self._running:
            self._place(key)

    async def get(self) -> Key:
        """The most urgent key that is due; raises `QueueClosed` once the queue is closed."""
        while not self._closed:
            self._changed.clear()
            self._ripen()
            if (key := self._pop()) is not None:
                return key
            seconds = self._delayed[0][0] - self._clock.now() if self._delayed else None
            await self._clock.wait(self._changed, seconds)
        raise QueueClosed

    def done(self, key: Key, *, again_after: float | None = None, priority: int = LAZY) -> None:
        """The look at `key` went well; another one in `again_after` seconds, if that is given."""
        self._failures.pop(key, None)
        self._not_before.pop(key, None)
        self._release(key)
        if again_after is not None:
            self.add(key, after=again_after, priority=priority)

    def failed(self, key: Key, backoff: Backoff, *, floor: float = 0.0) -> float:
        """The look at `key` failed: again after the back-off, but not before `floor` seconds."""
        self._failures[key] = self._failures.get(key, 0) + 1
        delay = max(backoff.delay(self._failures[key]), floor)
        wish = self._wishes.get(key)
        if wish is None or wish.priority > URGENT:
            self._not_before[key] = self._clock.now() + delay
            self._wishes.pop(key, None)
        self._gauges.retried()
        self._release(key)
        self.add(key, after=delay, priority=USUAL)
        return delay

    def close(self) -> None:
        """Ends every `get`; keys that run may still be reported as done."""
        self._closed = True
        self._changed.set()

    def _release(self, key: Key) -> None:
        self._running.discard(key)
        if key in self._wishes:
            self._place(key)

    def _place(self, key: Key) -> None:
        wish = self._wishes[key]
        if wish.due <= self._clock.now():
            wish.ready_since = self._clock.now()
            heappush(self._ready, (wish.priority, next(self._turn), key, wish))
            self._gauges.depth(len(self._ready))
        else:
            heappush(self._delayed, (wish.due, next(self._turn), key, wish))
        self._changed.set()

    def _ripen(self) -> None:
        """Moves what has become due from the delayed heap to the ready one."""
        while self._delayed and self._delayed[0][0] <= self._clock.now():
            *_, key, wish = heappop(self._delayed)
            if self._wishes.get(key) is wish and key not in self._running:
                self._place(key)

    def _pop(self) -> Key | None:
        while self._ready:
            *_, key, wish = heappop(self._ready)
            if self._wishes.get(key) is not wish or key in self._running:
                continue  # a later wish replaced this one
            del self._wishes[key]
            self._running.add(key)
            self._gauges.depth(len(self._ready))
            self._gauges.started(self._clock.now() - (wish.ready_since or 0.0))
            return key
        return None
