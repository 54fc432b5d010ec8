"""ModelStreamInfer: answers in order, faults as answers, and no thread for a stream that waits."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import grpc
import numpy as np
import pytest

from onnx_models import linear, save
from rpc_client import RpcClient, add_raw, infer_request, raw_output, rpc
from runtime_server import RuntimeServer, serving

STREAMS = 200


class Feed:
    """Requests of a stream, as a test hands them over."""

    def __init__(self) -> None:
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._requests.get, None)

    def send(self, request: Any) -> None:
        """One more; None is the end."""
        self._requests.put(request)


def asked(number: float, **fields: Any) -> Any:
    """A request whose answer is the number + 0.5."""
    return add_raw(infer_request(**fields), "x", np.array([[9, number]], np.float32))


def answered(answer: Any) -> float:
    """The number in an answer."""
    assert not answer.error_message
    return float(raw_output(answer.infer_response, 0, np.float32)[0, 0]) - 0.5


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RuntimeServer]:
    """One server for all of this module."""
    folder = tmp_path_factory.mktemp("model")
    save(linear(), folder / "model.onnx")
    with serving(folder) as found:
        yield found


@pytest.fixture
def client(server: RuntimeServer) -> Iterator[RpcClient]:
    """A client with one connection."""
    with rpc(server.grpc_port) as found:
        yield found


def test_answers_come_in_the_order_of_the_requests(client: RpcClient) -> None:
    """A client matches them by position unless it sends ids."""
    found = client.stream(asked(number, id=str(number)) for number in range(50))

    assert [(answered(answer), answer.infer_response.id) for answer in found] == [
        (number, str(number)) for number in range(50)
    ]


def test_a_bad_request_inside_a_stream_does_not_end_it(client: RpcClient) -> None:
    """One bad sensor reading must not cost a camera its connection."""
    faulty = [asked(1), asked(2, model="nope", id="bad"), asked(3)]

    first, second, third = client.stream(faulty)

    assert (answered(first), answered(third)) == (1, 3)
    assert "unknown model: 'nope'" in second.error_message
    assert (second.infer_response.id, second.infer_response.model_name) == ("bad", "nope")


def test_hundreds_of_open_streams_hold_up_nobody(server: RuntimeServer, client: RpcClient) -> None:
    """They wait for their clients most of the time: a thread for each would be the server's end."""
    with ExitStack() as stack:
        feeds = [Feed() for _ in range(STREAMS)]
        clients = [stack.enter_context(rpc(server.grpc_port)) for _ in range(4)]
        streams = [clients[number % 4].stream(feed) for number, feed in enumerate(feeds)]
        for turn in range(2):
            for number, feed in enumerate(feeds):
                feed.send(asked(number + turn))
            assert [answered(next(stream)) for stream in streams] == [
                number + turn for number in range(STREAMS)
            ]
        assert client.infer(asked(7)).model_name == "m"
        for feed in feeds:
            feed.send(None)
        assert [next(stream, None) for stream in streams] == [None] * STREAMS


def test_a_stream_that_its_client_cancels_is_forgotten(client: RpcClient) -> None:
    """Browsers close tabs; the server must go on as if nothing had been."""
    for _ in range(20):
        feed = Feed()
        stream = client.stream(feed)
        feed.send(asked(1))
        assert answered(next(stream)) == 1
        stream.cancel()
        feed.send(None)
        with pytest.raises(grpc.RpcError):
            next(stream)

    assert client.infer(asked(7)).model_name == "m"
