"""When requests are due: arrivals at a fixed rate that wait for nobody.

The due time of arrival i is start + i / rate, computed and never accumulated. A generator that was
held up sends everything overdue at once, and each such request's latency shows the delay.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator


async def arrivals(rate: float, start: float, stop: asyncio.Event) -> AsyncIterator[float]:
    """Yields each due time (perf_counter seconds) when it has come, until `stop` is set."""
    for count in itertools.count():
        due = start + count / rate
        await _until(due, stop)
        if stop.is_set():
            return
        yield due


async def _until(due: float, stop: asyncio.Event) -> None:
    """Returns at `due`, or when `stop` is set; at once if it is past."""
    wait = due - time.perf_counter()
    if wait <= 0:
        return
    try:
        async with asyncio.timeout(wait):
            await stop.wait()
    except TimeoutError:
        return
