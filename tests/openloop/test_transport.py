"""Kept connections behave as those of ordinary HTTP clients: `openloop.transport` says how."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from openloop.faults import Fault, RequestError
from openloop.http1 import Response
from openloop.transport import KeepAlivePool, NewConnections, Transport
from trick_server import Trick, Tricks, TrickServer

Serve = Callable[[Tricks], Awaitable[TrickServer]]


async def _ask(transport: Transport) -> Response:
    body = json.dumps({"id": "a", "inputs": [{"data": [1.0]}]}).encode()
    return await transport.send(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


async def _settle() -> None:
    """Lets what the kernel already holds reach the loop's callbacks."""
    await asyncio.sleep(0.05)


async def test_a_new_connection_carries_each_request(serve: Serve) -> None:
    """Only fresh connections meet a Service's changed endpoints: the mode must really open them."""
    server = await serve(lambda _: Trick())
    transport = NewConnections("127.0.0.1", server.port)
    for _ in range(5):
        assert (await _ask(transport)).status == 200
    assert (server.connections, transport.opened) == (5, 5)


async def test_a_pool_keeps_all_its_connections_in_use(serve: Serve) -> None:
    """A pool that re-used a single connection would reach a single pod and prove little."""
    server = await serve(lambda _: Trick())
    pool = KeepAlivePool("127.0.0.1", server.port, size=3)
    for _ in range(12):
        await _ask(pool)
    assert server.connections == 3
    pool.close()


async def test_a_busy_pool_opens_more_rather_than_wait(serve: Serve) -> None:
    """Waiting for a free connection would turn the open loop into a closed one."""
    server = await serve(lambda _: Trick(delay=0.1))
    pool = KeepAlivePool("127.0.0.1", server.port, size=2)
    await asyncio.gather(*(_ask(pool) for _ in range(6)))
    assert server.connections == 6
    await _ask(pool)
    assert server.connections == 6, "two of them were kept"
    pool.close()


async def test_an_idle_connection_that_the_server_closed_is_replaced(serve: Serve) -> None:
    """Servers close idle connections; a client that sees it before writing has lost nothing."""
    server = await serve(lambda _: Trick())
    pool = KeepAlivePool("127.0.0.1", server.port, size=1)
    await _ask(pool)
    server.hang_up()
    await _settle()
    assert (await _ask(pool)).status == 200
    assert (server.connections, pool.found_closed, pool.retried) == (2, 1, 0)
    pool.close()


async def test_an_announced_close_is_followed(serve: Serve) -> None:
    """A draining server says close in its answer: the next request goes elsewhere."""
    server = await serve(lambda _: Trick(say_close=True))
    pool = KeepAlivePool("127.0.0.1", server.port, size=1)
    for _ in range(3):
        assert (await _ask(pool)).status == 200
    assert server.connections == 3


async def test_a_connection_idle_too_long_is_not_used_again(serve: Serve) -> None:
    """Clients forget connections after a while, so that they do not race with the server's own limit."""
    server = await serve(lambda _: Trick())
    pool = KeepAlivePool("127.0.0.1", server.port, size=1, idle_seconds=0.01)
    await _ask(pool)
    await _settle()
    await _ask(pool)
    assert server.connections == 2
    pool.close()


async def test_strictly_a_connection_that_dies_under_a_request_is_a_failure(serve: Serve) -> None:
    """Most clients do not send a POST twice, so their users see this failure: it must count."""
    server = await serve(lambda number: Trick(reset=number == 1))
    pool = KeepAlivePool("127.0.0.1", server.port, size=1)
    await _ask(pool)
    with pytest.raises(RequestError) as caught:
        await _ask(pool)
    assert caught.value.fault in {Fault.RESET, Fault.CLOSED}
    assert (server.requests, pool.retried) == (2, 0)
    pool.close()


async def test_with_retry_a_stale_connection_costs_a_second_attempt_only(serve: Serve) -> None:
    """Curl and Go's idempotent requests survive this; the report must then say how often."""
    server = await serve(lambda number: Trick(reset=number == 1))
    pool = KeepAlivePool("127.0.0.1", server.port, size=1, retry_stale=True)
    await _ask(pool)
    assert (await _ask(pool)).status == 200
    assert pool.retried == 1
    pool.close()


async def test_with_retry_a_fresh_connection_that_dies_is_still_a_failure(serve: Serve) -> None:
    """A server that drops new connections is broken; no client hides that."""
    server = await serve(lambda _: Trick(reset=True))
    pool = KeepAlivePool("127.0.0.1", server.port, size=1, retry_stale=True)
    with pytest.raises(RequestError):
        await _ask(pool)
    assert (server.requests, pool.retried) == (1, 0)


async def test_with_retry_a_begun_answer_is_never_asked_for_again(serve: Serve) -> None:
    """Part of an answer means the server did the work: sending again would do it twice."""
    server = await serve(lambda number: Trick(cut_at=20 if number == 1 else None))
    pool = KeepAlivePool("127.0.0.1", server.port, size=1, retry_stale=True)
    await _ask(pool)
    with pytest.raises(RequestError) as caught:
        await _ask(pool)
    assert caught.value.fault is Fault.CLOSED
    assert (server.requests, pool.retried) == (2, 0)
