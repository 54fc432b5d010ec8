"""The ASGI application: one callable, because a framework's layers cost more than a small model.

A request goes: route, endpoint, reply, count. Faults become replies here and nowhere else. FastAPI stands
beside it for what is asked for rarely (documentation); it is imported when that is asked for, on a thread,
because that takes half a second.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from slipway_runtime.errors import RuntimeFault
from slipway_runtime.rest.errors import INTERNAL, error_reply
from slipway_runtime.rest.request import Request

if TYPE_CHECKING:
    from slipway_runtime.rest.asgi import Receive, Scope, Send
    from slipway_runtime.rest.reply import Reply
    from slipway_runtime.rest.router import Match, Router
    from slipway_runtime.telemetry.metrics import Metrics

DOCUMENTATION = ("/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect")
_LOG = logging.getLogger(__name__)
_ACCESS = logging.getLogger("slipway_runtime.access")


class App:
    """What the HTTP server calls.

    Args:
        router: every path.
        metrics: counts inference requests.
        request_seconds: time for one request.
        max_body: bytes.
        access_log: write a line for each request.
    """

    def __init__(
        self, router: Router, metrics: Metrics, *, request_seconds: float, max_body: int, access_log: bool
    ) -> None:
        self._router = router
        self._metrics = metrics
        self._seconds = request_seconds
        self._max_body = max_body
        self._access_log = access_log
        self._documentation: asyncio.Future[object] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["path"] in DOCUMENTATION:
            await self._document(scope, receive, send)
            return
        arrived = time.perf_counter()
        metrics = self._metrics
        metrics.in_flight += 1
        match: Match | None = None
        try:
            match = self._router.resolve(scope["method"], scope["path"])
            request = Request(scope, receive, arrived, self._seconds, self._max_body)
            request.params = match.params
            reply = await match.endpoint(request)
        except RuntimeFault as fault:
            reply = error_reply(fault)
        except Exception:  # noqa: BLE001 # whatever it is, the client gets an answer and the log the traceback
            _LOG.exception("a request failed")
            reply = INTERNAL
        try:
            await _send(send, reply)
        finally:
            metrics.in_flight -= 1
            seconds = time.perf_counter() - arrived
            if match is not None and match.protocol:
                metrics.record(self._label(match), match.protocol, reply.status, seconds)
            if self._access_log:
                _log(scope, reply, seconds)

    def _label(self, match: Match) -> str:
        """The model's name; empty for one that is not served, or clients could invent labels."""
        name = match.params.get("model", "")
        return name if self._router.serves(name) else ""

    async def _document(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._documentation is None:
            self._documentation = asyncio.ensure_future(asyncio.to_thread(_build_documentation))
        app = await self._documentation
        await app(scope, receive, send)  # type: ignore[operator] # FastAPI is not imported here


async def _send(send: Send, reply: Reply) -> None:
    headers = [*reply.headers, (b"content-length", str(len(reply.body)).encode())]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


def _build_documentation() -> object:
    from slipway_runtime.rest.documentation import build  # noqa: PLC0415 # half a second, once, when asked for

    return build()


def _log(scope: Scope, reply: Reply, seconds: float) -> None:
    client = scope.get("client") or ("", 0)
    _ACCESS.info(
        "request",
        extra={
            "method": scope["method"],
            "path": scope["path"][:200],
            "status": reply.status,
            "bytes": len(reply.body),
            "seconds": round(seconds, 6),
            "client": client[0],
        },
    )
