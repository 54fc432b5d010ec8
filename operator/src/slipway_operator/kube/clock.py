"""Time as a constructor argument.

Everything that waits (queue, Lease, reflectors) takes a `Clock`, so that its tests turn the hands
themselves and never sleep. Seconds here are monotonic: a wall clock that jumps moves nothing.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Monotonic seconds and a way to wait for some of them."""

    def now(self) -> float:
        """Seconds since an arbitrary start."""
        ...

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        """Waits for `event`, at most `seconds`; whether it came."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Lets `seconds` pass."""
        ...


class MonotonicClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Seconds since the machine started."""
        return time.monotonic()

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        """Waits without making a task: the operator's shutdown cancels stray tasks."""
        try:
            async with asyncio.timeout(seconds):
                return await event.wait()
        except TimeoutError:
            return False

    async def sleep(self, seconds: float) -> None:
        """Lets `seconds` pass."""
        await asyncio.sleep(seconds)


def utc_now() -> datetime:
    """Wall time, for what people and the API server read."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Backoff:
    """Delays that double from `first` to `cap` seconds, each spread by ± a quarter."""

    first: float
    cap: float

    def delay(self, failures: int, spread: Callable[[], float] = random.random) -> float:
        """Seconds to wait after `failures` in a row (1 is the first); `spread` gives 0 to 1."""
        doubled: float = self.first * 2 ** min(failures - 1, 32)
        return min(self.cap, doubled) * (0.75 + spread() / 2)
