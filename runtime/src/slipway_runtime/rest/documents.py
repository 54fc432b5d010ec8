"""/docs and /openapi.json: FastAPI, imported on a thread when somebody asks: that takes half a second.

FastAPI is an ASGI application; what it answers here is small and whole, so a bridge of a few lines is all
the ASGI there is.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from slipway_runtime.rest.reply import Reply

if TYPE_CHECKING:
    from slipway_runtime.rest.request import Request
    from slipway_runtime.rest.router import Router

PATHS = ("/docs", "/redoc", "/openapi.json")


class Documents:
    """The endpoint of all documentation paths."""

    def __init__(self) -> None:
        self._app: asyncio.Future[Any] | None = None

    def add_to(self, router: Router) -> None:
        """Put the paths into the router."""
        for path in PATHS:
            router.add("GET", path, self.document)

    async def document(self, request: Request) -> Reply:
        """One page."""
        if self._app is None:
            self._app = asyncio.ensure_future(asyncio.to_thread(_build))
        return await _call(await self._app, request.target.partition(b"?")[0].decode("ascii"))


def _build() -> object:
    from slipway_runtime.rest.openapi import build  # noqa: PLC0415 # see above

    return build()


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
