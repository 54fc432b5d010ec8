"""SIGTERM: nothing is lost, everybody is asked to go elsewhere, and then the process ends."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from onnx_models import linear, save
from runtime_server import RuntimeServer, serving
from slow_model import save_slow, turns
from steady_load import BODY, Load

INFER = "/v2/models/m/infer"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that answers in microseconds."""
    folder = tmp_path_factory.mktemp("model")
    save(linear(), folder / "model.onnx")
    return folder


@contextmanager
def pooled(server: RuntimeServer) -> Iterator[http.client.HTTPConnection]:
    """A connection that has been used once and waits for its next request."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=30)) as connection:
        connection.request("POST", INFER, BODY)
        connection.getresponse().read()
        yield connection


@contextmanager
def in_flight(server: RuntimeServer, count: int) -> Iterator[Future[tuple[int, str | None]]]:
    """A long request that the server is busy with; its status and what it says of the connection."""

    def ask() -> tuple[int, str | None]:
        with closing(http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=60)) as connection:
            connection.request("POST", INFER, json.dumps(turns(count)))
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.getheader("connection")

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        while "slipway_requests_in_flight 1" not in server.probe("/metrics").text:
            assert not asked.done()
        yield asked


def drain(server: RuntimeServer) -> None:
    """Ask the server to go, and wait until it has heard."""
    server.signal(signal.SIGTERM)
    while server.wait_for("model state")["state"] != "DRAINING":
        pass


def refused(port: int) -> bool:
    """True when nobody listens any more; who is just being accepted as the listener closes asks again."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        pass
    return False


def test_nothing_is_lost_while_clients_still_come(model: Path) -> None:
    """For seconds after a pod is deleted others still send to it, and nobody knows for how many."""
    with serving(model, "--drain-seconds", "1") as server:
        load = Load(server.http_port, keeping=2, renewing=2, pausing=2)
        load.wait_for_answers(3)

        drain(server)
        begun = time.monotonic()
        while time.monotonic() < begun + 3:
            load.wait_for_answers_after(time.monotonic(), 1)
        load.stop()
        code = server.wait()

    assert load.failures() == []
    assert code == 0
    for name, outcome in load.outcomes.items():
        assert all(outcome.after(begun)[1:]), f"{name} was not asked to reconnect"
    assert server.wait_for("clients still came after the drain")["seconds"] > 2.5  # it was asked for three


def test_a_client_that_never_goes_elsewhere_does_not_keep_it(model: Path) -> None:
    """The grace period ends with a SIGKILL: whoever is in flight then is lost."""
    limits = ("--drain-seconds", "0.5", "--request-timeout-seconds", "2")
    with serving(model, *limits) as server:
        load = Load(server.http_port, keeping=0, renewing=2, pausing=0)
        load.wait_for_answers(3)
        drain(server)
        begun = time.monotonic()
        assert server.wait(20) == 0
        load.stop()
    assert max(when for outcome in load.outcomes.values() for when, _ in outcome.answers) > begun + 0.6


@pytest.fixture(scope="module")
def draining(model: Path) -> Iterator[RuntimeServer]:
    """A server that drains for as long as the tests want; at last somebody is in a hurry."""
    with serving(model, "--drain-seconds", "600") as server, pooled(server) as connection:
        drain(server)
        connection.request("POST", INFER, BODY)
        server.first_answer = connection.getresponse()  # type: ignore[attr-defined] # for the test below
        yield server


def test_it_stays_ready_while_it_drains(draining: RuntimeServer) -> None:
    """Failing readiness would take it out of the fallback that Kubernetes has for terminating endpoints."""
    assert draining.probe("/readyz").status_code == 200
    assert draining.probe("/livez").status_code == 200
    with draining.client() as client:
        assert client.get("/v2/health/ready").status_code == 200


def test_a_pooled_connection_gets_its_answer_and_the_advice_to_reconnect(draining: RuntimeServer) -> None:
    """Connections stay where they are when a Service's endpoints change; only an answer moves them."""
    answer: Any = draining.first_answer  # type: ignore[attr-defined] # see the fixture

    assert (answer.status, answer.getheader("connection")) == (200, "close")


def test_a_person_in_a_hurry_may_cut_a_drain_short(draining: RuntimeServer) -> None:
    """SIGTERM by mistake, then Ctrl-C."""
    draining.signal(signal.SIGINT)

    assert draining.wait(20) == 0


def test_a_connection_that_stays_idle_is_closed_politely_at_the_end(model: Path) -> None:
    """A clean end of stream is something every client handles; a reset is an error to some."""
    with serving(model, "--drain-seconds", "0.2") as server, pooled(server) as connection:
        drain(server)

        assert isinstance(connection.sock, socket.socket)
        assert connection.sock.recv(1) == b""
        assert server.wait() == 0


def test_what_is_in_flight_when_the_listener_closes_is_finished(tmp_path: Path) -> None:
    """A request longer than the drain is still somebody's request."""
    with serving(save_slow(tmp_path), "--drain-seconds", "0") as server, in_flight(server, 1500) as asked:
        drain(server)
        while not refused(server.http_port):
            assert not asked.done(), "the listener closed only after the request was done"

        assert asked.result(60) == (200, "close")
        assert server.wait() == 0


def test_what_never_ends_is_cut_off_when_its_time_is_over(tmp_path: Path) -> None:
    """The pod's grace period is finite; ending by ourselves beats being killed."""
    limits = ("--drain-seconds", "0", "--request-timeout-seconds", "1")
    with serving(save_slow(tmp_path), *limits) as server, in_flight(server, 200_000) as asked:
        server.signal(signal.SIGTERM)

        assert server.wait(20) == 0
        assert asked.result(20)[0] == 504


def test_a_second_sigterm_changes_nothing(model: Path) -> None:
    """A kubelet that restarts sends it again; that is no reason to drop clients."""
    with serving(model, "--drain-seconds", "1.5") as server:
        drain(server)
        begun = time.monotonic()
        server.signal(signal.SIGTERM)

        assert server.wait() == 0
        assert time.monotonic() - begun > 1.2
