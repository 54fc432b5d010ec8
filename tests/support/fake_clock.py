"""A clock whose hands the test turns: nothing ever sleeps.

`advance` moves time in the order of what waits for it, and lets everything that woke up run before
it goes on, so a test sees the same interleaving each time.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 21, 10, 0, 0, tzinfo=UTC)


@dataclass
class FakeClock:
    """`kube.clock.Clock`, and the wall clock that goes with it."""

    seconds: float = 1_000.0
    _timers: list[tuple[float, asyncio.Event]] = field(default_factory=list)

    def now(self) -> float:
        """Monotonic seconds."""
        return self.seconds

    def wall(self) -> datetime:
        """Wall time, in step with the monotonic clock."""
        return START + timedelta(seconds=self.seconds - 1_000.0)

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        """Until `event`, or until `advance` has passed `seconds`."""
        if event.is_set():
            return True
        if seconds is None:
            return await event.wait()
        rung = asyncio.Event()
        timer = (self.seconds + max(0.0, seconds), rung)
        self._timers.append(timer)
        waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(rung.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            if timer in self._timers:
                self._timers.remove(timer)
        return event.is_set()

    async def sleep(self, seconds: float) -> None:
        """Until `advance` has passed `seconds`; none is only a turn of the event loop."""
        if seconds > 0:
            await self.wait(asyncio.Event(), seconds)
        else:
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        """Lets `seconds` pass, timer by timer."""
        until = self.seconds + seconds
        await breathe()
        while due := [timer for timer in self._timers if timer[0] <= until]:
            first = min(due, key=lambda timer: timer[0])
            self._timers.remove(first)
            self.seconds = max(self.seconds, first[0])
            first[1].set()
            await breathe()
        self.seconds = until
        await breathe()


async def breathe() -> None:
    """Lets every task that can run come to rest (a few turns of the event loop)."""
    for _ in range(30):
        await asyncio.sleep(0)
