"""Many objects created, or changed, at a fixed rate; and the moment at which each was done.

The rate is the client's promise, not the controller's: an object is due at its time whether the one before it
is done or not, so both contestants are asked for the same in the same time.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slipway_rollouts.api import Api
from slipway_rollouts.contestants import Contestant

DEADLINE = 1_800.0


@dataclass(frozen=True)
class Times:
    """Seconds.

    Attributes:
        whole: from the first request to the last object done.
        median: of one object, from its own request to done.
        sent: from the first request to the last one sent.
    """

    whole: float
    median: float
    sent: float


async def create(api: Api, contestant: Contestant, names: Sequence[str], rate: float) -> Times:
    """A user creates all these."""

    async def one(name: str) -> None:
        for path, manifest in contestant.created(name):
            await api.create(path, manifest)

    return await _together(api, contestant, names, rate, one, generation=1)


async def change(api: Api, contestant: Contestant, names: Sequence[str], rate: float) -> Times:
    """A user gives all these another model."""

    async def one(name: str) -> None:
        await api.merge(f"{contestant.collection}/{name}", contestant.changed(name, 2))

    return await _together(api, contestant, names, rate, one, generation=2)


async def _together(
    api: Api,
    contestant: Contestant,
    names: Sequence[str],
    rate: float,
    one: Callable[[str], Awaitable[None]],
    *,
    generation: int,
) -> Times:
    """`generation`: of the spec that is waited for; an object may still say that it is done with the last."""
    arrivals = _Arrivals(contestant.done, names, generation)
    version = await api.version(contestant.collection)
    began: dict[str, float] = {}

    async def due(name: str) -> None:
        began[name] = time.monotonic()
        await one(name)

    async with asyncio.timeout(DEADLINE), asyncio.TaskGroup() as group:
        watch = group.create_task(arrivals.follow(api, contestant.collection, version))
        start = time.monotonic()
        for number, name in enumerate(names):
            await asyncio.sleep(max(0.0, start + number / rate - time.monotonic()))
            group.create_task(due(name))
        await watch
    each = [arrivals.done_at[name] - began[name] for name in names]
    last = max(arrivals.done_at.values())
    return Times(last - start, statistics.median(each), max(began.values()) - start)


class _Arrivals:
    """When each of some objects was done for the first time."""

    def __init__(
        self, done: Callable[[Mapping[str, Any]], bool], names: Sequence[str], generation: int
    ) -> None:
        self._done = done
        self._awaited = set(names)
        self._generation = generation
        self.done_at: dict[str, float] = {}

    async def follow(self, api: Api, collection: str, version: str) -> None:
        """Returns when all are done."""
        async for obj in api.follow(collection, version):
            name, current = obj["metadata"]["name"], obj["metadata"]["generation"] >= self._generation
            if current and name in self._awaited and self._done(obj):
                self._awaited.discard(name)
                self.done_at[name] = time.monotonic()
                if not self._awaited:
                    return
