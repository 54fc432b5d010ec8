"""A proxy between an operator and the real API server that numbers its writes and ends it at one of them.

Watches stream through. Each write about the observed ModelDeployment is counted; at the chosen one the
operator is killed in one of three moments: before the API server has seen the write, after it has done it
but before the operator hears of that, or right after the operator has heard.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Event, Thread
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
NOT_COUNTED = ("/events", "/leases")
HOP_BY_HOP = frozenset({"host", "connection", "transfer-encoding", "content-length", "keep-alive", "upgrade"})
START_SECONDS = 10.0


class Moment(StrEnum):
    """When the operator dies, as seen from one write."""

    BEFORE = "before it"
    APPLIED = "after it, unanswered"
    ANSWERED = "after its answer"


@dataclass
class Observation:
    """The writes about one ModelDeployment, in order, and where to kill: at 0, nowhere."""

    name: str
    number: int = 0
    moment: Moment = Moment.BEFORE
    kill: Callable[[], None] = lambda: None
    writes: list[str] = field(default_factory=list)
    killed: Event = field(default_factory=Event)

    def due(self, moment: Moment) -> bool:
        """Whether the write just counted is the one to die at, and this the moment."""
        return len(self.writes) == self.number and moment is self.moment and not self.killed.is_set()

    def strike(self) -> None:
        """Ends the operator."""
        self.kill()
        self.killed.set()


class KillingProxy:
    """Runs on a thread of its own, plain HTTP on loopback; `url` is where it listens."""

    def __init__(self, server: str, tls: ssl.SSLContext) -> None:
        self._server = server
        self._tls = tls
        self._observation: Observation | None = None
        self._listening = Event()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run, daemon=True)
        self.url = ""

    def observe(self, observation: Observation | None) -> None:
        """Counts from now on what is written about one ModelDeployment."""
        self._observation = observation

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._listening.wait(START_SECONDS), "the proxy did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_SECONDS)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        upstream = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None),
            connector=aiohttp.TCPConnector(ssl=self._tls, limit=0),
            auto_decompress=False,
        )
        async with upstream as session:
            self._session = session
            app = web.Application(client_max_size=2**26)
            app.router.add_route("*", "/{path:.*}", self._pass)
            runner = web.AppRunner(app, shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            self._listening.set()
            await self._stop.wait()
            await runner.cleanup()
        await asyncio.sleep(0.25)  # aiohttp closes TLS connections in its own time

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        observation = self._counted(request)
        body = await request.read()
        if observation and observation.due(Moment.BEFORE):
            observation.strike()
            raise web.HTTPServiceUnavailable
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        url = self._server + request.raw_path
        async with self._session.request(request.method, url, headers=headers, data=body or None) as answer:
            if observation and observation.due(Moment.APPLIED):
                await answer.read()  # it is done when it is answered
                observation.strike()
                raise web.HTTPServiceUnavailable
            response = await _forward(request, answer)
        if observation and observation.due(Moment.ANSWERED):
            observation.strike()
        return response

    def _counted(self, request: web.Request) -> Observation | None:
        """The observation, if this request is a write that it is about; it is numbered then."""
        observation = self._observation
        if observation is None or request.method not in WRITES:
            return None
        path = request.path
        last = [part for part in path.split("/") if part.startswith(observation.name)]
        if not last or any(word in path for word in NOT_COUNTED):
            return None
        observation.writes.append(f"{request.method} {path.split('/namespaces/')[-1].split('/', 1)[-1]}")
        return observation


async def _forward(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    """The answer, piece by piece as it comes: a watch has no end."""
    headers = {name: value for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP}
    response = web.StreamResponse(status=answer.status, headers=headers)
    try:
        await response.prepare(request)
        async for piece in answer.content.iter_any():
            await response.write(piece)
        await response.write_eof()
    except (ConnectionError, aiohttp.ClientError):
        pass  # one of both sides is gone, as it is meant to happen here
    return response
