"""Waits until the API server serves ModelDeployments.

The operator may be installed before its CRD. kopf, told not to scan, would then start deaf; so the
group's discovery is polled first, which every account may read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from slipway_operator.api import names
from slipway_operator.kube import errors
from slipway_operator.kube.client import Client
from slipway_operator.kube.clock import Clock

LOG = logging.getLogger(__name__)
DISCOVERY: Final = f"/apis/{names.API_VERSION}"
POLL_SECONDS: Final = 2.0


async def served(client: Client) -> bool:
    """Whether ModelDeployments can be listed now."""
    try:
        found = await client.discover(DISCOVERY)
    except errors.NotFound:
        return False
    return any(resource.get("name") == names.PLURAL for resource in found.get("resources") or ())


async def until_served(
    client: Client, clock: Clock, stop: asyncio.Event, waiting: Callable[[], None]
) -> bool:
    """Waits for the CRD, or for `stop`; `waiting` is called at each turn. Whether it is served."""
    told = ""
    while not stop.is_set():
        try:
            if await served(client):
                return True
            reason = f"{names.PLURAL}.{names.GROUP} is not installed yet; apply the CRD"
        except errors.KubeError as error:
            reason = str(error)
        if reason != told:
            LOG.warning("waiting: %s", reason)
            told = reason
        waiting()
        await clock.wait(stop, POLL_SECONDS)
    return False
