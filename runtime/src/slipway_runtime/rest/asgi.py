"""ASGI's own types, in the few words that are needed here, and one extension of ours.

Our HTTP server leaves its own view of a request in the scope. Two attribute look-ups there save a task or a
timer for each request; under another ASGI server it is absent, and everything still works.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Headers: TypeAlias = list[tuple[bytes, bytes]]

EXCHANGE = "slipway.exchange"  # key among the scope's extensions


class Exchange(Protocol):
    """A request as our HTTP server sees it.

    Attributes:
        disconnected: the client has closed its connection.
        more_body: part of the body is not here yet.
    """

    disconnected: bool
    more_body: bool


class Unknown:
    """What stands in under another ASGI server: anything may still happen."""

    disconnected = False
    more_body = True


def exchange_of(scope: Scope) -> Exchange:
    """Our server's view of a request."""
    found: Exchange = scope.get("extensions", {}).get(EXCHANGE) or Unknown()
    return found
