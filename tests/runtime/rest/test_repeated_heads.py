"""Heads that a client sends again, byte for byte: answered without parsing, and not otherwise differently."""

from __future__ import annotations

import pytest

from http_wire import Wire, post


async def test_a_head_that_comes_again_is_not_parsed_again() -> None:
    """Clients repeat themselves; parsing is a fifth of a small request's time."""
    wire = Wire()
    wire.feed(post(b"one"))
    wire.connection._reader._parser = None  # type: ignore[assignment] # whoever parses now, fails

    assert wire.feed(post(b"two")).endswith(b"/x two")


@pytest.mark.parametrize(
    ("again", "expected"),
    [
        ([post(b"two") + post(b"six")], [b"two", b"six"]),
        ([post(b"two")[:-1], b"o"], [b"two"]),
        ([post(b"two")[:-3], b"two" + post(b"six")], [b"two", b"six"]),
    ],
    ids=["two at once", "its last byte later", "its body later, with another request"],
)
async def test_a_head_that_comes_again_with_more_or_less_than_its_body_is_read_with_care(
    again: list[bytes], expected: list[bytes]
) -> None:
    """The length that a head announces decides, not the size of what happened to arrive."""
    wire = Wire()
    wire.feed(post(b"one"))

    wire.feed(*again)

    assert [request.body for request in wire.app.seen[1:]] == expected


@pytest.mark.parametrize(
    "headers", [{"Connection": "close"}, {"Expect": "100-continue"}, {"Transfer_Encoding": "chunked"}]
)
async def test_a_head_that_asks_for_more_than_an_answer_is_parsed_each_time(headers: dict[str, str]) -> None:
    """Closing, waiting for leave and chunks are the parser's business."""
    wire = Wire()

    wire.feed(post(b"one", **headers))

    assert wire.connection._reader._repeatable == {}


async def test_a_client_that_never_repeats_itself_fills_no_memory() -> None:
    """Request ids make every head another one."""
    wire = Wire()

    for number in range(1000):
        wire.feed(post(X_Request_Id=str(number)))

    assert len(wire.connection._reader._repeatable) <= 8


async def test_a_head_that_comes_again_is_still_asked_to_close_while_draining() -> None:
    """The short way must not miss the drain."""
    wire = Wire()
    wire.feed(post(b"one"))
    wire.shared.draining = True

    assert b"connection: close\r\n" in wire.feed(post(b"two"))
