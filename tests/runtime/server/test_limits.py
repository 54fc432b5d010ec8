"""Limits over a real network, where a refusal can get lost on its way."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from onnx_models import linear, save
from runtime_server import RuntimeServer, request_of, serving, tensor

INFER = "/v2/models/m/infer"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RuntimeServer]:
    """A server that reads a megabyte, and waits a second."""
    folder = tmp_path_factory.mktemp("model")
    save(linear(), folder / "model.onnx")
    with serving(folder, "--max-body-bytes", "1000000", "--request-timeout-seconds", "1") as found:
        yield found


def resident(server: RuntimeServer) -> int:
    """Its memory, in bytes."""
    text = server.probe("/metrics").text
    return int(text.split("\nprocess_resident_memory_bytes ")[1].split("\n")[0])


def test_a_client_that_sends_too_much_gets_to_read_why(server: RuntimeServer) -> None:
    """Most clients send everything before they read; a reset in between hides the answer from them."""
    with server.client() as client:
        answer = client.post(INFER, content=b"x" * 8_000_000)

    assert answer.status_code == 413
    assert "1000000 bytes" in answer.json()["error"]


def test_a_client_that_sends_without_end_is_cut_off_and_costs_no_memory(server: RuntimeServer) -> None:
    """A body without a length could go on for ever."""
    before = resident(server)
    piece = b"186a0\r\n" + b"x" * 100_000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", server.http_port)) as client:
        client.sendall(f"POST {INFER} HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        begun = time.monotonic()
        cut_off = False
        while not cut_off and time.monotonic() < begun + 20:
            try:
                client.sendall(piece)
            except OSError:  # a reset or a broken pipe, as the kernel likes
                cut_off = True

    assert cut_off
    assert resident(server) < before + 20_000_000


def test_a_client_that_drips_its_body_is_told_and_closed(server: RuntimeServer) -> None:
    """It must not hold anything for longer than a request may take."""
    with socket.create_connection(("127.0.0.1", server.http_port), timeout=20) as client:
        client.sendall(f"POST {INFER} HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\n{{".encode())

        answer = client.recv(10_000)

    assert answer.startswith(b"HTTP/1.1 408 ")


def test_slow_clients_hold_up_nobody_else(server: RuntimeServer) -> None:
    """A hundred of them cost a hundred sockets, and no worker."""
    body = request_of(tensor("x", [1, 2], [3, 4]))
    slow = [socket.create_connection(("127.0.0.1", server.http_port)) for _ in range(100)]
    try:
        for each in slow:
            each.sendall(b"POST ")
        with server.client() as client:
            assert client.post(INFER, json=body).status_code == 200
    finally:
        for each in slow:
            each.close()
