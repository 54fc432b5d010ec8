"""A whole request, as an endpoint gets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway_runtime.errors import RuntimeFault

# The only headers that mean anything here, besides what HTTP itself needs.
TOLD = frozenset({b"content-length", b"content-encoding", b"expect", b"inference-header-content-length"})


class Request:
    """One HTTP request.

    Attributes:
        method: for example b"POST".
        target: path and query as they came.
        headers: those in TOLD, by lower-case name.
        body: all of it.
        client: the peer's address.
        arrived: when its head was there, on time.perf_counter's scale.
        deadline: when its time is over, on the same scale.
        keep_alive: the connection may go on after the answer.
        version: of HTTP, 1.0 or 1.1.
        params: what the route took from the path.
        fault: why it cannot be answered by an endpoint; found while it was read.
        gone: the client has closed its connection.
    """

    __slots__ = (
        "arrived",
        "body",
        "client",
        "deadline",
        "fault",
        "gone",
        "headers",
        "keep_alive",
        "method",
        "params",
        "target",
        "version",
    )

    def __init__(
        self,
        method: bytes,
        target: bytes,
        headers: Mapping[bytes, bytes],
        *,
        body: bytes = b"",
        client: str = "",
        arrived: float = 0.0,
        seconds: float = 60.0,
        keep_alive: bool = True,
        version: str = "1.1",
        fault: RuntimeFault | None = None,
    ) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.client = client
        self.arrived = arrived
        self.deadline = arrived + seconds
        self.keep_alive = keep_alive
        self.version = version
        self.fault = fault
        self.params: Mapping[str, str] = {}
        self.gone = False

    def abandoned(self) -> bool:
        """True when nobody waits for the answer any more."""
        return self.gone
