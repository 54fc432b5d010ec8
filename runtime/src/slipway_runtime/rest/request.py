"""A request while it is answered: the path's parameters, the few headers that matter, its deadline."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from slipway_runtime.errors import Unsupported
from slipway_runtime.rest.asgi import exchange_of
from slipway_runtime.rest.body import read_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway_runtime.rest.asgi import Receive, Scope

_TOLD = frozenset({b"content-length", b"content-encoding", b"inference-header-content-length"})


class Request:
    """One HTTP request.

    Args:
        scope: ASGI's.
        receive: ASGI's.
        arrived: when its head was there, on time.perf_counter's scale.
        seconds: it may take.
        max_body: bytes of its body.

    Attributes:
        params: what the route took from the path.
        headers: by lower-case name; only those that mean something here.
        deadline: on time.perf_counter's scale.
    """

    __slots__ = ("_exchange", "_max_body", "_receive", "deadline", "headers", "params")

    def __init__(self, scope: Scope, receive: Receive, arrived: float, seconds: float, max_body: int) -> None:
        self.headers: dict[bytes, bytes] = {name: value for name, value in scope["headers"] if name in _TOLD}
        self.params: Mapping[str, str] = {}
        self.deadline = arrived + seconds
        self._receive = receive
        self._max_body = max_body
        self._exchange = exchange_of(scope)

    def abandoned(self) -> bool:
        """True when the client has closed its connection."""
        return self._exchange.disconnected

    async def body(self) -> bytes:
        """The whole body.

        Raises:
            Unsupported: it is compressed.
            BodyTooLarge, SlowBody, ClientGone: see read_body.
        """
        headers = self.headers
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise Unsupported("a compressed body is not read: send it without Content-Encoding")
        declared = headers.get(b"content-length", b"")
        left = self.deadline - time.perf_counter()
        return await read_body(self._receive, self._exchange, declared, self._max_body, left)
