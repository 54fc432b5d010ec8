"""grpc.health.v1: what load balancers, the kubelet and clients with health checking ask.

The model's lifecycle is the only source: SERVING while it answers, a drain included (rollouts rely on it).
Watchers are told when it becomes ready. A service that is not here is NOT_FOUND, or SERVICE_UNKNOWN to Watch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway_runtime.errors import NotFound
from slipway_runtime.protocol.words import quoted
from slipway_runtime.rpc.messages import message
from slipway_runtime.rpc.method import Method
from slipway_runtime.rpc.parse import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from slipway_runtime.rpc.method import Caller

SERVICE = "grpc.health.v1.Health"
SERVING, NOT_SERVING, SERVICE_UNKNOWN = 1, 2, 3


class Health:
    """The service.

    Args:
        ready: true while the server answers inferences.
        services: whose health may be asked for besides the whole server's.
    """

    def __init__(self, ready: Callable[[], bool], services: Collection[str]) -> None:
        self._ready = ready
        self._services = services
        self._watchers: list[Caller] = []

    def methods(self) -> dict[str, Method]:
        """By name."""
        return {"Check": Method(self._check), "Watch": Method(self._watch, lasting=True)}

    def changed(self) -> None:
        """The server became ready: tell all who watch; nothing changes after that."""
        watchers, self._watchers = self._watchers, []
        for watcher in watchers:
            watcher.reply(_answer(self._status()))

    def _check(self, request: bytes, _: Caller) -> bytes:
        service = _service(request)
        if service not in self._services:
            raise NotFound(f"there is no service {quoted(service)}: ask for '' or one that reflection lists")
        return _answer(self._status())

    def _watch(self, request: bytes, caller: Caller) -> bytes:
        if _service(request) not in self._services:
            return _answer(SERVICE_UNKNOWN)
        if not self._ready():
            self._watchers = [watcher for watcher in self._watchers if not watcher.gone()]
            self._watchers.append(caller)
        return _answer(self._status())

    def _status(self) -> int:
        return SERVING if self._ready() else NOT_SERVING


def _service(request: bytes) -> str:
    return str(parse(message("grpc.health.v1.HealthCheckRequest"), request).service)


def _answer(status: int) -> bytes:
    found: bytes = message("grpc.health.v1.HealthCheckResponse")(status=status).SerializeToString()
    return found
