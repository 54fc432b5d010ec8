"""Kubernetes Events on a ModelDeployment, for `kubectl describe` and `kubectl get events`.

The same event (object, reason, message) again only raises the first one's count, and at most once
in ten seconds; what was held back is counted in with the next. An object that has much to say gets
a burst of different events and then one in ten seconds. An Event is a courtesy: if the API server
does not take it, that is logged, and the reconcile goes on.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from slipway_operator.api import names
from slipway_operator.api.names import short_hash
from slipway_operator.api.types import Key
from slipway_operator.core.actions import Emit
from slipway_operator.kube import errors
from slipway_operator.kube.client import EVENTS, Client, Json
from slipway_operator.kube.clock import Clock

LOG = logging.getLogger(__name__)
COMPONENT: Final = "slipway-operator"
REPEAT_SECONDS: Final = 10.0
FORGET_SECONDS: Final = 600.0
BURST: Final = 20
MAX_MESSAGE: Final = 1_024
"""What the API server takes in an Event's message."""
REMEMBERED: Final = 4_096


class _Same(NamedTuple):
    uid: str
    type: str
    reason: str
    message: str


@dataclass
class _Series:
    name: str
    count: int
    written_at: float
    seen_at: float


@dataclass
class _Bucket:
    tokens: float
    filled_at: float


class Recorder:
    """Writes Events about one ModelDeployment after the other; `instance` is this pod's name."""

    def __init__(self, client: Client, *, instance: str, clock: Clock, wall: Callable[[], datetime]) -> None:
        self._client = client
        self._instance = instance
        self._clock = clock
        self._wall = wall
        self._series: OrderedDict[_Same, _Series] = OrderedDict()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    async def emit(self, key: Key, uid: str, event: Emit) -> None:
        """Says it, unless it was said just now; never raises for the API server's sake."""
        same = _Same(uid, event.type, event.reason, event.message[:MAX_MESSAGE])
        now = self._clock.now()
        series = self._series.get(same)
        try:
            if series is None or now - series.seen_at > FORGET_SECONDS:
                await self._first(key, same, now)
            else:
                await self._again(key, same, series, now)
        except errors.KubeError as error:
            LOG.warning("%s: Event %s not written: %s", key, event.reason, error)

    async def _first(self, key: Key, same: _Same, now: float) -> None:
        if not self._allowed(same.uid, now):
            return
        stamp = f"{self._wall().timestamp():.6f}".replace(".", "")
        name = f"{key.name}.{short_hash(*same)}{int(stamp):x}"
        await self._client.create(EVENTS, self._event(key, same, name))
        self._series[same] = _Series(name, 1, now, now)
        while len(self._series) > REMEMBERED:
            self._series.popitem(last=False)

    async def _again(self, key: Key, same: _Same, series: _Series, now: float) -> None:
        series.count += 1
        series.seen_at = now
        if now - series.written_at < REPEAT_SECONDS:
            return
        series.written_at = now
        patch: list[Json] = [
            {"op": "replace", "path": "/count", "value": series.count},
            {"op": "replace", "path": "/lastTimestamp", "value": self._time()},
        ]
        try:
            await self._client.json_patch(EVENTS, key.namespace, series.name, patch, manager=COMPONENT)
        except errors.NotFound:  # Events live for an hour
            del self._series[same]
            await self._first(key, same, now)

    def _allowed(self, uid: str, now: float) -> bool:
        """A token bucket per object: a burst, then one in `REPEAT_SECONDS`."""
        bucket = self._buckets.setdefault(uid, _Bucket(BURST, now))
        filled = min(BURST, bucket.tokens + (now - bucket.filled_at) / REPEAT_SECONDS)
        self._buckets[uid] = _Bucket(filled - 1 if filled >= 1 else filled, now)
        while len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return filled >= 1

    def _event(self, key: Key, same: _Same, name: str) -> Json:
        return {
            "apiVersion": EVENTS.api_version,
            "kind": EVENTS.kind,
            "metadata": {"namespace": key.namespace, "name": name},
            "involvedObject": {
                "apiVersion": names.API_VERSION,
                "kind": names.KIND,
                "namespace": key.namespace,
                "name": key.name,
                "uid": same.uid,
            },
            "type": same.type,
            "reason": same.reason,
            "message": same.message,
            "count": 1,
            "firstTimestamp": self._time(),
            "lastTimestamp": self._time(),
            "source": {"component": COMPONENT, "host": self._instance},
            "reportingComponent": COMPONENT,
            "reportingInstance": self._instance,
        }

    def _time(self) -> str:
        return self._wall().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
