"""What a connection may cost: bytes and time."""

from __future__ import annotations

import pytest

from http_wire import Wire, chunked, post, statuses, turns


@pytest.mark.parametrize("size", [999, 1000])
async def test_a_body_up_to_the_limit_is_read(size: int) -> None:
    """The limit is the last size that works."""
    assert statuses(Wire().feed(post(b"x" * size))) == [200]


@pytest.mark.parametrize(
    "stream", [post(b"x" * 1001), chunked(*[b"x" * 100] * 11)], ids=["by its header", "while it arrives"]
)
async def test_a_longer_body_is_refused_and_the_client_may_finish_sending(stream: bytes) -> None:
    """A client that is cut off while it sends sees a broken connection instead of the answer."""
    wire = Wire()

    written = wire.feed(stream)

    assert statuses(written) == [413]
    assert b"connection: close" in written
    assert wire.transport.ended
    assert not wire.transport.is_closing()
    assert wire.feed(post()) == b""
    wire.later(4)
    assert wire.transport.aborted


async def test_a_refusal_waits_for_the_answers_before_it() -> None:
    """A request that was fine keeps its answer, whatever its client sends next."""
    wire = Wire()

    wire.feed(post(b"fine", "/wait/a") + post(b"x" * 1001))
    wire.app.open(b"/wait/a")
    await turns()

    assert statuses(wire.taken()) == [200, 413]


@pytest.mark.parametrize(
    "line", [b"X-Long: " + b"y" * 17_000, b"".join(b"X-%d: y\r\n" % index for index in range(2000))]
)
@pytest.mark.parametrize("size", [1_000, 100_000])
async def test_a_head_that_is_too_long_is_431(line: bytes, size: int) -> None:
    """A header of a gigabyte would otherwise be collected until the memory is gone."""
    wire = Wire()
    stream = b"GET /x HTTP/1.1\r\n" + line + b"\r\n\r\n"

    for start in range(0, len(stream), size):
        wire.feed(stream[start : start + size])
        if wire.app.seen:
            break

    assert [type(request.fault).__name__ for request in wire.app.seen] == ["HeadersTooLarge"]


async def test_a_head_that_never_ends_is_not_collected_for_ever() -> None:
    """The client of the slow, endless header gets its answer while it still sends."""
    wire = Wire()
    wire.feed(b"GET /x HTTP/1.1\r\nX: ")

    written = wire.feed(*[b"y" * 1000] * 17)

    assert statuses(written) == [431]


async def test_a_large_body_before_a_head_in_the_same_piece_is_not_counted_as_head() -> None:
    """Pieces hold whatever the network put together."""
    wire = Wire(max_body=100_000)
    first, second = post(b"x" * 50_000), post(b"next")

    assert statuses(wire.feed(first + second[:10], second[10:])) == [200, 200]


async def test_a_million_tiny_chunks_do_not_become_a_million_objects() -> None:
    """A body may be cut into pieces of one byte each."""
    wire = Wire(max_body=10_000)

    wire.feed(chunked(*[b"z"] * 5000))

    assert wire.app.seen[0].body == b"z" * 5000


@pytest.mark.parametrize(
    ("stream", "seconds"), [(b"POST /x HT", 10), (post(b"body")[:-2], 60)], ids=["a head", "a body"]
)
async def test_what_does_not_arrive_in_time_is_408(stream: bytes, seconds: float) -> None:
    """Thousands of connections that drip a byte now and then must not stay for ever."""
    wire = Wire()
    wire.feed(stream)

    assert wire.later(seconds - 1) == b""
    assert statuses(wire.later(seconds + 1)) == [408]


async def test_dripping_does_not_buy_more_time() -> None:
    """The clock starts with the first byte of a head, not with the last."""
    wire = Wire(head_seconds=0.0)
    wire.feed(b"POST /x")

    wire.feed(b" HTTP")

    assert statuses(wire.later(0.1)) == [408]


async def test_an_idle_connection_is_closed_after_its_time_and_not_before() -> None:
    """Proxies pool connections for a minute; closing sooner turns their next request into an error."""
    wire = Wire()
    wire.feed(post())

    wire.later(74)
    assert not wire.transport.is_closing()
    wire.later(76)
    assert wire.transport.is_closing()


async def test_a_connection_that_never_says_anything_is_closed_too() -> None:
    """Port scanners and half-open peers go away by themselves."""
    wire = Wire()

    wire.later(76)

    assert wire.transport.is_closing()


async def test_a_request_in_flight_is_not_idle() -> None:
    """It has a deadline of its own; the connection's must not cut it off."""
    wire = Wire()
    wire.feed(post(b"", "/wait/a"))

    wire.later(1000)

    assert not wire.transport.is_closing()


async def test_a_client_that_reads_no_answers_gets_no_more_of_them_and_is_dropped() -> None:
    """Its answers would otherwise pile up in memory."""
    wire = Wire()
    wire.connection.pause_writing()

    assert wire.feed(post()) == b""
    assert not wire.transport.is_reading()
    wire.later(61)
    assert wire.transport.aborted


async def test_a_client_that_reads_again_gets_what_it_waits_for() -> None:
    """Slow is not gone."""
    wire = Wire()
    wire.connection.pause_writing()
    wire.feed(post(b"kept"))

    wire.connection.resume_writing()

    assert wire.taken().endswith(b"/x kept")
    assert wire.transport.is_reading()
