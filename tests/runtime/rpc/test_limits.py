"""Limits of size, time and number, and what a client is told at each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import pytest

from rpc_client import INFERENCE, RpcClient, add_raw, infer_request, rpc
from runtime_server import RuntimeServer, serving
from slow_model import save_slow

INFER = f"/{INFERENCE}/ModelInfer"
LIMIT = 100_000


def slow(turns: int, **fields: Any) -> Any:
    """A request that takes about half as many milliseconds."""
    return add_raw(infer_request(**fields), "n", np.array([turns]), "INT64")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RuntimeServer]:
    """A server with one engine thread, one place to wait, and small messages."""
    folder = save_slow(tmp_path_factory.mktemp("model"))
    flags = ("--threads", "1", "--max-queue", "1", "--grpc-max-message-bytes", str(LIMIT))
    with serving(folder, *flags) as found:
        yield found


@pytest.fixture
def client(server: RuntimeServer) -> Iterator[RpcClient]:
    """A client with one connection, of a server whose engine has finished what others left it."""
    with rpc(server.grpc_port) as found:
        found.infer(slow(0))
        yield found


def in_flight(server: RuntimeServer, count: int, *calls: Any) -> None:
    """Wait until so many requests are being answered, while these calls last."""
    while f"slipway_requests_in_flight {count}\n" not in server.probe("/metrics").text:
        assert not any(call.done() for call in calls), "too quick to be seen"


def test_a_message_that_is_too_long_is_refused_and_the_connection_lives(client: RpcClient) -> None:
    """Every gRPC client knows that code; a broken connection would fail its neighbours."""
    error = client.start(INFER, slow(0, id="x" * LIMIT).SerializeToString()).exception()

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert client.infer(slow(0)).model_name == "m"


def test_a_full_queue_is_unavailable_at_once(server: RuntimeServer, client: RpcClient) -> None:
    """Clients retry UNAVAILABLE, elsewhere; waiting for a time-out would lose them the time to."""
    text = slow(3000).SerializeToString()
    calls = []
    for count in (1, 2):
        calls.append(client.start(INFER, text))
        in_flight(server, count, *calls)

    error = client.start(INFER, text).exception()

    assert (error.code(), "try again" in error.details()) == (grpc.StatusCode.UNAVAILABLE, True)
    assert all(call.result() for call in calls)


def test_a_client_s_deadline_reaches_the_queue(server: RuntimeServer, client: RpcClient) -> None:
    """What nobody waits for any more must not keep the engine busy."""
    running = client.start(INFER, slow(3000).SerializeToString())
    in_flight(server, 1, running)
    waiting = client.start(INFER, slow(200_000).SerializeToString(), seconds=0.1)

    assert waiting.exception().code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert running.result()
    assert client.infer(slow(0)).model_name == "m"  # long before 100 s


def test_a_request_s_own_timeout_is_honoured(client: RpcClient) -> None:
    """Microseconds in the parameter `timeout`: Triton ignores it where the model sets none; here it holds."""
    request = slow(3000)
    request.parameters["timeout"].int64_param = 50_000

    error = client.start(INFER, request.SerializeToString()).exception()

    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_call_that_is_cancelled_leaves_the_queue(server: RuntimeServer, client: RpcClient) -> None:
    """A client that changes its mind must not hold the place of one that waits."""
    running = client.start(INFER, slow(3000).SerializeToString())
    in_flight(server, 1, running)
    waiting = client.start(INFER, slow(200_000).SerializeToString())
    in_flight(server, 2, running)

    waiting.cancel()

    assert running.result()
    assert client.infer(slow(0)).model_name == "m"  # long before 100 s


def test_slow_runs_hold_up_no_question_about_the_server(server: RuntimeServer, client: RpcClient) -> None:
    """No call waits on a thread that the others need."""
    calls = [client.start(INFER, slow(3000).SerializeToString())]
    in_flight(server, 1, *calls)
    calls.append(client.start(INFER, slow(3000).SerializeToString()))
    in_flight(server, 2, *calls)

    assert client.call(INFERENCE, "ServerLive").live
    assert not any(call.done() for call in calls)
    assert all(call.result() for call in calls)
