"""A whole request, as an endpoint gets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway_runtime.errors import RuntimeFault

# The headers that mean something to endpoints. Most requests have none of them, and an empty mapping.
TOLD = frozenset(
    {
        b"accept",
        b"accept-encoding",
        b"content-encoding",
        b"content-type",
        b"inference-header-content-length",
        b"x-request-id",
    }
)
# What nearly everybody sends with JSON says nothing, and is left out.
USUAL = frozenset(
    {
        (b"accept", b"*/*"),
        (b"accept", b"application/json"),
        (b"accept-encoding", b"identity"),
        (b"content-type", b"application/json"),
    }
)


class Request:
    """One HTTP request.

    One is made per request: what most requests leave alone has its value on the class.

    Attributes:
        method: for example b"POST".
        target: path and query as they came.
        headers: those in TOLD, by lower-case name, but for the USUAL ones.
        data: what was read, the body at its end: cutting a large one off costs as much as reading its head.
        begin: of the body in there.
        client: the peer's address.
        arrived: when its head was there, on time.perf_counter's scale.
        deadline: when its time is over, on the same scale.
        keep_alive: the connection may go on after the answer.
        version: of HTTP, 1.0 or 1.1.
        params: what the route took from the path.
        fault: why it cannot be answered by an endpoint; found while it was read.
        gone: the client has closed its connection.
    """

    begin = 0
    version = "1.1"
    params: Mapping[str, str] = {}  # never written to: the route replaces it
    fault: RuntimeFault | None = None
    gone = False

    def __init__(  # noqa: PLR0917 # positional, because one is made per request
        self,
        method: bytes,
        target: bytes,
        headers: Mapping[bytes, bytes],
        data: bytes,
        client: str,
        arrived: float,
        deadline: float,
        keep_alive: bool,  # noqa: FBT001 # likewise
    ) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.data = data
        self.client = client
        self.arrived = arrived
        self.deadline = deadline
        self.keep_alive = keep_alive

    @property
    def body(self) -> bytes:
        """All of it, alone."""
        if self.begin:
            self.data, self.begin = self.data[self.begin :], 0
        return self.data

    @body.setter
    def body(self, body: bytes) -> None:
        self.data, self.begin = body, 0

    def abandoned(self) -> bool:
        """True when nobody waits for the answer any more."""
        return self.gone
