"""How the gRPC server goes away without losing anybody's call."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from onnx_models import linear, save
from rpc_client import INFERENCE, RpcClient, add_raw, infer_request, rpc
from runtime_server import RuntimeServer, serving
from slow_model import save_slow

INFER = f"/{INFERENCE}/ModelInfer"
REQUEST = add_raw(infer_request(), "x", np.array([[3, 4]], np.float32))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with a small model."""
    save(linear(), tmp_path / "model.onnx")
    return tmp_path


def drain(server: RuntimeServer) -> None:
    """Ask the server to go, and wait until it has heard."""
    server.signal(signal.SIGTERM)
    while server.wait_for("model state")["state"] != "DRAINING":
        pass


class Callers:
    """Threads that call without a pause, each over a connection of its own."""

    def __init__(self, port: int, count: int) -> None:
        self.answers = 0
        self.failures: list[Any] = []
        self._port = port
        self._stopped = threading.Event()
        self._lock = threading.Condition()
        self._threads = [threading.Thread(target=self._call) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def wait_for(self, answers: int) -> None:
        """Until so many more answers have come."""
        with self._lock:
            wanted = self.answers + answers
            assert self._lock.wait_for(lambda: self.answers >= wanted, timeout=60)

    def stop(self) -> None:
        """Let the threads end."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(60)

    def _call(self) -> None:
        text = REQUEST.SerializeToString()
        with rpc(self._port) as client:
            while not self._stopped.is_set():
                call = client.channel.unary_unary(INFER)
                try:
                    call(text, timeout=30)
                except grpc.RpcError as error:
                    self.failures.append((error.code(), error.details()))
                with self._lock:
                    self.answers += 1
                    self._lock.notify_all()


def test_nothing_is_lost_while_connections_are_renewed(model: Path) -> None:
    """Each connection is asked to reconnect after three fifths of the drain, here twice and more."""
    with serving(model, "--drain-seconds", "1.5") as server:
        callers = Callers(server.grpc_port, 4)
        callers.wait_for(200)
        ages = threading.Timer(2.5, callers.stop)  # connections grow old by the clock, not by an event
        ages.start()
        ages.join()

    assert callers.failures == []


def test_nothing_is_lost_while_clients_still_come(model: Path) -> None:
    """A node that heard late sends calls long after the drain's time: refused ones would be lost."""
    with serving(model, "--drain-seconds", "1") as server:
        callers = Callers(server.grpc_port, 2)
        callers.wait_for(10)
        drain(server)
        late = threading.Timer(3, callers.stop)  # three times the drain, by the clock
        late.start()
        late.join()
        assert server.wait() == 0

    assert callers.failures == []


@pytest.fixture(scope="module")
def draining(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RuntimeServer]:
    """A server that drains for as long as the tests want."""
    folder = tmp_path_factory.mktemp("model")
    save(linear(), folder / "model.onnx")
    with serving(folder, "--drain-seconds", "600") as server:
        drain(server)
        yield server


def test_it_answers_and_is_healthy_while_it_drains(draining: RuntimeServer) -> None:
    """For seconds after a pod is deleted others still send to it; failing health would make them fail."""
    with rpc(draining.grpc_port) as client:
        health = health_pb2_grpc.HealthStub(client.channel)

        assert client.infer(REQUEST).model_name == "m"
        assert client.call(INFERENCE, "ServerReady").ready
        assert health.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING


def test_a_stream_ends_with_unavailable_after_its_last_answer(model: Path) -> None:
    """Clients open it again on that code, and reach another pod."""
    with serving(model, "--drain-seconds", "0.5") as server, rpc(server.grpc_port) as client:
        going = threading.Event()

        def requests() -> Iterator[Any]:
            yield REQUEST
            going.wait(60)

        stream = client.stream(requests())
        next(stream)
        drain(server)
        with pytest.raises(grpc.RpcError) as ended:
            next(stream)
        going.set()

        assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
        assert "open the stream again" in ended.value.details()
        assert server.wait(20) == 0


def in_flight(client: RpcClient, server: RuntimeServer, turns: int) -> Any:
    """A call that the engine is at work on."""
    request = add_raw(infer_request(), "n", np.array([turns]), "INT64")
    call = client.start(INFER, request.SerializeToString(), seconds=60)
    while "slipway_requests_in_flight 1\n" not in server.probe("/metrics").text:
        assert not call.done()
    return call


def test_what_is_in_flight_when_the_ports_close_is_finished(tmp_path: Path) -> None:
    """A call longer than the drain is still somebody's call."""
    with (
        serving(save_slow(tmp_path), "--drain-seconds", "0") as server,
        rpc(server.grpc_port) as client,
    ):
        call = in_flight(client, server, 1500)
        drain(server)

        assert call.result(60)
        assert server.wait(20) == 0


def test_what_never_ends_is_cut_off_when_its_time_is_over(tmp_path: Path) -> None:
    """The pod's grace period is finite; ending by ourselves beats being killed."""
    limits = ("--drain-seconds", "0", "--request-timeout-seconds", "1")
    with serving(save_slow(tmp_path), *limits) as server, rpc(server.grpc_port) as client:
        call = in_flight(client, server, 200_000)
        drain(server)

        assert call.exception(30).code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert server.wait(20) == 0
