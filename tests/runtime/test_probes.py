"""The probe port: few words, from anybody, at any time."""

from __future__ import annotations

import contextlib
import socket

import pytest

from slipway_runtime.probes import Probes


class World:
    """What the probes are told."""

    def __init__(self) -> None:
        self.missing = ""

    def ready(self) -> str:
        """What is missing."""
        return self.missing

    def metrics(self) -> str:
        """A text, or a failure when the test asks for one."""
        if self.missing == "broken":
            raise ZeroDivisionError
        return "a_metric 1\n"


@pytest.fixture(scope="module")
def world() -> World:
    """Shared by the tests, which set what they need."""
    return World()


@pytest.fixture(scope="module")
def port(world: World) -> int:
    """The port of a running probe server. Its thread ends with the process, its socket with the fixture."""
    listening = socket.create_server(("127.0.0.1", 0))
    Probes(world.ready, world.metrics).start(listening)
    found: int = listening.getsockname()[1]
    return found


def exchange(port: int, sent: bytes) -> bytes:
    """Send, and read to the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(sent)
        answer = b""
        while piece := client.recv(65_536):
            answer += piece
    return answer


def get(port: int, path: str, method: str = "GET") -> tuple[int, bytes]:
    """Status and body."""
    head, _, body = exchange(port, f"{method} {path} HTTP/1.1\r\nHost: t\r\n\r\n".encode()).partition(
        b"\r\n\r\n"
    )
    return int(head.split()[1]), body


@pytest.mark.parametrize(
    ("path", "missing", "expected"),
    [
        ("/livez", "", (200, b"ok\n")),
        ("/livez", "model 'm' is LOADING", (200, b"ok\n")),
        ("/readyz", "", (200, b"ok\n")),
        ("/readyz?verbose", "", (200, b"ok\n")),
        ("/readyz", "model 'm' is LOADING", (503, b"model 'm' is LOADING\n")),
        ("/metrics", "", (200, b"a_metric 1\n")),
    ],
)
def test_a_probe_gets_its_answer(
    port: int, world: World, path: str, missing: str, expected: tuple[int, bytes]
) -> None:
    """Alive does not depend on the model; ready does, and says what is missing."""
    world.missing = missing

    assert get(port, path) == expected


def test_other_paths_say_what_this_port_is_for(port: int) -> None:
    """Whoever mixes up the two ports learns it at once."""
    assert get(port, "/v2") == (404, b"this port answers /livez, /readyz and /metrics\n")


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("POST", 405)])
def test_only_looking_is_allowed(port: int, method: str, status: int) -> None:
    """Nothing on this port changes anything."""
    assert get(port, "/livez", method)[0] == status


@pytest.mark.parametrize("sent", [b"\r\n\r\n", b"\x16\x03\x01\r\n\r\n", b"x" * 100_000, b"GET\r\n\r\n"])
def test_nonsense_from_one_client_leaves_the_others_alone(port: int, sent: bytes) -> None:
    """Scanners come by; the kubelet still has to get its answer."""
    with contextlib.suppress(ConnectionError):
        exchange(port, sent)

    assert get(port, "/livez") == (200, b"ok\n")


def test_a_client_that_says_nothing_holds_up_nobody(port: int) -> None:
    """A probe that times out behind it would restart the pod."""
    with socket.create_connection(("127.0.0.1", port)) as silent:
        assert get(port, "/livez") == (200, b"ok\n")
        silent.sendall(b"GET")


def test_a_probe_that_breaks_is_500_and_the_next_one_works(port: int, world: World) -> None:
    """The thread must outlive any fault."""
    world.missing = "broken"

    assert get(port, "/metrics")[0] == 500
    assert get(port, "/livez")[0] == 200
