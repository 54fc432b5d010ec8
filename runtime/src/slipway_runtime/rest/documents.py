"""/docs and /openapi.json: FastAPI, imported on a thread when somebody asks: that takes half a second.

FastAPI is an ASGI application; what it answers here is small and whole, so a bridge of a few lines is all
the ASGI there is.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from slipway_runtime.rest.reply import Reply

if TYPE_CHECKING:
    from slipway_runtime.dataplane import DataPlane
    from slipway_runtime.protocol.signature import Signature
    from slipway_runtime.rest.request import Request
    from slipway_runtime.rest.router import Router

PATHS = ("/docs", "/redoc", "/openapi.json")


class Documents:
    """The endpoint of all documentation paths.

    Args:
        dataplane: knows the model that the examples are for; until it is loaded there are none.
    """

    def __init__(self, dataplane: DataPlane) -> None:
        self._dataplane = dataplane
        self._apps: dict[bool, asyncio.Future[Any]] = {}

    def add_to(self, router: Router) -> None:
        """Put the paths into the router."""
        for path in PATHS:
            router.add("GET", path, self.document)

    async def document(self, request: Request) -> Reply:
        """One page."""
        ready = self._dataplane.ready()
        if ready not in self._apps:
            model = self._dataplane.models()[0]
            signature = self._dataplane.signature(model) if ready else None
            self._apps[ready] = asyncio.ensure_future(asyncio.to_thread(_build, model.name, signature))
        return await _call(await self._apps[ready], request.target.partition(b"?")[0].decode("ascii"))


def _build(model: str, signature: Signature | None) -> object:
    from slipway_runtime.rest.openapi import build  # noqa: PLC0415 # see above

    return build(model, signature)


async def _call(app: Any, path: str) -> Reply:
    """One GET through an ASGI application."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [],
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    head = b"".join(
        b"%b: %b\r\n" % (name, value) for name, value in sent[0]["headers"] if name != b"content-length"
    )
    return Reply(sent[0]["status"], head, b"".join(message.get("body", b"") for message in sent[1:]))
