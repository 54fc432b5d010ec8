"""When the machine had a core to spare, looked at every tenth of a second.

A pod that starts computes for seconds, and what it computes on, those that answer lack. On a small machine
latency under change tells of that first; what the change itself costs shows where a core was idle.
"""

from __future__ import annotations

import asyncio
import os
from bisect import bisect_left
from collections.abc import Callable
from pathlib import Path
from typing import Final

EVERY_SECONDS: Final = 0.1
TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
STAT: Final = Path("/proc/stat")


def idle_seconds() -> float:
    """Seconds that all cores together have had nothing to do since the machine came up."""
    total = STAT.read_text().split("\n", 1)[0].split()
    return (int(total[4]) + int(total[5])) / TICKS_PER_SECOND


class Cores:
    """What was idle between one look and the next. Times are on whatever scale `look` is given."""

    def __init__(self, idle: Callable[[], float] = idle_seconds) -> None:
        self._idle = idle
        self._looks: list[float] = []
        self._free: list[bool] = []
        self._before = 0.0

    def look(self, at: float) -> None:
        """Ends the stretch that the last look began."""
        idle = self._idle()
        stretch = at - self._looks[-1] if self._looks else 0.0
        self._free.append(0.0 < stretch <= idle - self._before + 1 / TICKS_PER_SECOND)  # it counts in ticks
        self._looks.append(at)
        self._before = idle

    def free(self, at: float) -> bool:
        """Whether a whole core, or as much of several, was idle in the stretch around `at`."""
        place = bisect_left(self._looks, at)
        return place < len(self._free) and self._free[place]

    async def watch(self, elapsed: Callable[[], float]) -> None:
        """Looks until it is cancelled; at nothing where the kernel does not tell."""
        while STAT.exists():
            self.look(elapsed())
            await asyncio.sleep(EVERY_SECONDS)
