"""An HTTP server that answers what a test wrote down: the faults of a real API server, on demand.

Answers are taken one by one; the last one is repeated. Every request is kept. An answer is a
coroutine over the aiohttp request, and the makers below give the usual ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class ScriptedApi:
    """The script and what was asked."""

    script: list[Answer] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    def then(self, *answers: Answer) -> None:
        """Adds answers to the script."""
        self.script += answers

    async def after(self, requests: int) -> None:
        """Returns when that many requests have arrived."""
        async with asyncio.timeout(10):
            while len(self.asked) < requests:
                self.arrived.clear()
                await self.arrived.wait()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The next answer of the script."""
        body = await request.read()
        self.asked.append(
            Asked(
                request.method,
                request.path,
                dict(request.query),
                dict(request.headers),
                orjson.loads(body) if body else None,
            )
        )
        self.arrived.set()
        chosen = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return await chosen(request)


@asynccontextmanager
async def serving(api: ScriptedApi) -> AsyncIterator[ScriptedApi]:
    """Serves `api` on a loopback port; `url` says where."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", api.answer)
    async with TestServer(app) as server:
        api.url = str(server.make_url("")).rstrip("/")
        yield api


def json(body: Any, status: int = 200, **headers: str) -> Answer:
    """A JSON answer."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(
            body=orjson.dumps(body),
            status=status,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            content_type="application/json",
        )

    return answer


def refusal(code: int, reason: str, message: str = "", **headers: str) -> Answer:
    """A `Status` object with its HTTP code."""
    status = {"kind": "Status", "code": code, "reason": reason, "message": message or reason}
    return json(status, code, **headers)


def text(body: str, status: int) -> Answer:
    """What a proxy in between answers."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text=body, status=status)

    return answer


def page(*items: Any, version: str = "10", token: str = "") -> Answer:
    """A chunk of a list."""
    return json({"metadata": {"resourceVersion": version, "continue": token}, "items": list(items)})


def stream(*parts: Any, end: str = "clean") -> Answer:
    """A watch: dicts as lines, bytes as they are; then it ends `clean`, `cut` or falls `silent`."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for part in parts:
            await response.write(part if isinstance(part, bytes) else orjson.dumps(part) + b"\n")
        if end == "silent":
            await asyncio.Event().wait()
        if end == "cut" and request.transport is not None:
            request.transport.abort()
        return response

    return answer


async def silence(_: web.Request) -> web.StreamResponse:
    """Never answers."""
    await asyncio.Event().wait()
    raise AssertionError
