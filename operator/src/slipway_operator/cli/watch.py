"""Keeps kopf's watch of ModelDeployments alive for as long as the operator runs.

kopf ends with an error when its watch meets what its retries do not cover: the CRD is deleted, or
the server sends an ERROR inside a watch. Then its group is polled and kopf started again, in this
process: stores and Lease stay as they are.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import aiohttp

from slipway_operator import handlers
from slipway_operator.api import names
from slipway_operator.cli.crd import until_served
from slipway_operator.cli.parts import Parts
from slipway_operator.kube.access import Access, Answered
from slipway_operator.kube.clock import Backoff, Clock

LOG = logging.getLogger(__name__)
BACKOFF: Final = Backoff(0.5, 15.0)
LASTING: Final = 60.0
"""A life of kopf that was longer than this begins the back-off anew."""


async def watch_modeldeployments(
    parts: Parts,
    access: Access,
    stop: asyncio.Event,
    on_spawned: Callable[[], None],
) -> None:
    """Returns once `stop` is set."""
    pulse = Pulse(parts.clock, parts.answered)
    bell = handlers.Doorbell(lambda key, priority: parts.queue.add(key, priority=priority))
    registry = handlers.registry(bell, lambda: access.session(pulse.answered), access.server)
    parts.health.watches[names.KIND] = pulse.age
    parts.metrics.watches.follow(names.KIND, pulse.age)
    failures = 0
    while await until_served(parts.client, parts.clock, stop, pulse.reset):
        pulse.reset()
        began = parts.clock.now()
        try:
            await handlers.run(registry, parts.settings.namespace, stop, on_spawned)
        except Exception as error:  # noqa: BLE001 -- whatever ends kopf, the answer is to start it again
            failures = 1 if parts.clock.now() - began > LASTING else failures + 1
            LOG.warning("the watch of ModelDeployments ended: %r; it is started again", error)
            await parts.clock.wait(stop, BACKOFF.delay(failures))


class Pulse:
    """Signs of life of kopf's watches: each opens anew every half minute, and that can be heard."""

    def __init__(self, clock: Clock, answered: Answered) -> None:
        self._clock = clock
        self._forward = answered
        self._beats: dict[str, float] = {}
        self._reset_at = clock.now()

    def reset(self) -> None:
        """There is no watch now, and that is as it should be."""
        self._beats.clear()
        self._reset_at = self._clock.now()

    def answered(self, request: aiohttp.ClientRequest, status: int, seconds: float) -> None:
        """Hears every request of kopf, and passes it on to the metrics.

        A refusal (no rights, too busy) is a sign of life too: no restart would change it.
        """
        self._forward(request, status, seconds)
        if 0 < status < 500 and request.url.path.endswith(names.PLURAL):  # noqa: PLR2004 -- no answer of the server's own
            self._beats[request.url.path] = self._clock.now()

    def age(self) -> float:
        """Seconds since the most silent watch was answered."""
        return self._clock.now() - min(tuple(self._beats.values()), default=self._reset_at)
