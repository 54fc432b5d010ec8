"""A server that has more to do than it can: who is still answered, who is refused, and how fast."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from runtime_server import RuntimeServer, serving
from slow_model import save_slow, turns

INFER = "/v2/models/m/infer"
FOREVER = 200_000
"""Turns that outlast every test; the process is killed at its end."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RuntimeServer]:
    """One engine thread, one place in the queue."""
    with serving(save_slow(tmp_path), "--threads", "1", "--max-queue", "1") as found:
        yield found


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Clients that ask at the same time; those that got no answer end with their server."""
    found = ThreadPoolExecutor(8)
    yield found
    found.shutdown(wait=False, cancel_futures=True)


def ask(server: RuntimeServer, count: int) -> httpx.Response:
    """One request, on a connection of its own."""
    with server.client() as client:
        return client.post(INFER, json=turns(count))


def in_flight(server: RuntimeServer) -> int:
    """Requests that are being answered."""
    text = server.probe("/metrics").text
    return int(text.split("\nslipway_requests_in_flight ")[1].split("\n")[0])


def busy(
    server: RuntimeServer, pool: ThreadPoolExecutor, clients: int, count: int
) -> list[Future[httpx.Response]]:
    """So many clients with a long request each, all arrived."""
    before = in_flight(server)
    asked = [pool.submit(ask, server, count) for _ in range(clients)]
    while in_flight(server) < before + clients:
        assert not all(each.done() for each in asked)
    return asked


def test_probes_and_metrics_are_answered_while_every_thread_is_busy(
    server: RuntimeServer, pool: ThreadPoolExecutor
) -> None:
    """A kubelet whose probe times out kills the pod, in the middle of its work."""
    asked = busy(server, pool, 1, FOREVER)

    for path in ("/livez", "/readyz", "/metrics"):
        assert server.probe(path).status_code == 200
    with server.client() as client:
        assert client.get("/v2/health/ready").status_code == 200
    assert not asked[0].done(), "the engine was not busy: the test shows nothing"


def test_a_full_queue_refuses_at_once_and_says_when_to_come_back(
    server: RuntimeServer, pool: ThreadPoolExecutor
) -> None:
    """Waiting for a minute to be told no helps nobody; another replica may be free."""
    asked = busy(server, pool, 2, FOREVER)

    answer = ask(server, 1)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert not any(each.done() for each in asked), "it waited for the others"
    assert "waiting" in answer.json()["error"]


def test_a_request_whose_client_left_is_not_run(server: RuntimeServer, pool: ThreadPoolExecutor) -> None:
    """Clients time out and go; running what they asked for takes the engine from those who stayed."""
    asked = busy(server, pool, 1, 3000)
    body = json.dumps(turns(1)).encode()
    head = f"POST {INFER} HTTP/1.1\r\nHost: t\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    before = in_flight(server)
    with socket.create_connection(("127.0.0.1", server.http_port)) as client:
        client.sendall(head + body)
        while in_flight(server) == before:
            assert not asked[0].done()

    assert asked[0].result(30).status_code == 200
    assert ask(server, 1).status_code == 200
    assert 'code="499"} 1' in server.probe("/metrics").text


def test_a_client_that_ends_its_half_gets_what_is_already_running(server: RuntimeServer) -> None:
    """Shell scripts send, end their half, and read."""
    body = json.dumps(turns(200)).encode()
    head = f"POST {INFER} HTTP/1.1\r\nHost: t\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", server.http_port), timeout=30) as client:
        client.sendall(head + body)
        client.shutdown(socket.SHUT_WR)
        answer = client.recv(10_000)

    assert answer.startswith(b"HTTP/1.1 200 ")


def test_a_request_that_takes_too_long_is_504_on_time(tmp_path: Path) -> None:
    """The limit that was set is the limit that holds, whatever the engine does."""
    with serving(save_slow(tmp_path), "--threads", "1", "--request-timeout-seconds", "2") as server:
        begun = time.monotonic()
        assert ask(server, FOREVER).status_code == 504
        assert 1.9 < time.monotonic() - begun < 10


def test_a_model_whose_cost_hides_in_its_values_does_not_stop_the_server(
    tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    """Warm-up cannot see it; after a few slow runs it goes to the threads, and health answers again."""
    with serving(save_slow(tmp_path, base=0), "--request-timeout-seconds", "2") as server:
        for _ in range(10):
            assert ask(server, 10).status_code == 200

        asked = busy(server, pool, 1, FOREVER)  # an event loop that this stopped would answer nobody
        with server.client() as client:
            assert client.get("/v2/health/live").status_code == 200
        assert asked[0].result(30).status_code == 504
