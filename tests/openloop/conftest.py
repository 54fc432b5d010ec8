"""Servers that misbehave on purpose, and what they should have answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from openloop.expect import Expectations, Model
from trick_server import Tricks, TrickServer, expectation_json

Serve = Callable[[Tricks], Awaitable[TrickServer]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts a TrickServer with the given tricks."""
    running: list[asyncio.Server] = []
    started: list[TrickServer] = []

    async def start(tricks: Tricks) -> TrickServer:
        tricked = TrickServer(tricks)
        server = await asyncio.start_server(tricked.converse, "127.0.0.1", 0)
        tricked.port = server.sockets[0].getsockname()[1]
        running.append(server)
        started.append(tricked)
        return tricked

    yield start
    for server in running:
        server.close()
    for tricked in started:
        tricked.hang_up()


@pytest.fixture
def expectations() -> Expectations:
    """Knows both models, and no revision yet."""
    raw = expectation_json()
    return Expectations(raw["path"], raw["samples"], [Model(**model) for model in raw["models"]])
