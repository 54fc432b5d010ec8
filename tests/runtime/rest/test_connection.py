"""One HTTP/1.1 connection: order, keep-alive, limits, and how it ends."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from http_wire import Wire, chunked, post, statuses, turns


async def test_a_request_is_answered_and_the_connection_stays() -> None:
    """A client that keeps its connection saves a handshake for each request."""
    wire = Wire()

    written = wire.feed(post(b"one"))

    assert written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert written.endswith(b"content-length: 6\r\n\r\n/x one")
    assert b"connection" not in written
    assert not wire.transport.is_closing()


SAMPLES = {
    b"/x first": post(b"first"),
    b"/x other": post(b"other"),  # the same head, another body
    b"/x longer than that": post(b"longer than that"),
    b"/x in chunks": chunked(b"in ", b"chunks"),
    b"/x ": post(b""),
    b"/y first": post(b"first", "/y"),
    b"/x told": post(b"told", Content_Encoding="br"),
}


@given(data=st.data(), bodies=st.lists(st.sampled_from(sorted(SAMPLES)), min_size=1, max_size=12))
@settings(max_examples=150, deadline=None)
def test_it_makes_no_difference_where_the_network_cuts(data: st.DataObject, bodies: list[bytes]) -> None:
    """TCP is a stream: requests arrive in any pieces, several in one, and the same head again and again."""
    stream = b"".join(SAMPLES[body] for body in bodies)
    ends = [len(b"".join(SAMPLES[body] for body in bodies[: count + 1])) for count in range(len(bodies))]
    anywhere = st.sets(st.integers(1, len(stream)), max_size=8)
    cuts = sorted(data.draw(st.one_of(anywhere, st.just(set(ends)))) | {len(stream)})
    pieces = [stream[start:end] for start, end in zip([0, *cuts], cuts, strict=False)]

    async def fed() -> tuple[bytes, list[bytes]]:
        wire = Wire()
        return wire.feed(*pieces), [request.target + b" " + request.body for request in wire.app.seen]

    written, seen = asyncio.run(fed())

    assert seen == bodies
    assert statuses(written) == [200] * len(bodies)


async def test_requests_sent_ahead_are_answered_in_order() -> None:
    """HTTP/1.1 has no other way to tell which answer belongs to which request."""
    wire = Wire()

    wire.feed(post(b"1", "/wait/a") + post(b"2") + post(b"3", "/wait/b") + post(b"4"))
    await turns()
    assert wire.taken() == b""
    wire.app.open(b"/wait/b")
    await turns()
    assert wire.taken() == b""
    wire.app.open(b"/wait/a")
    await turns()

    written = wire.taken()
    bodies = [written.index(body) for body in (b"/wait/a 1", b"/x 2", b"/wait/b 3", b"/x 4")]
    assert bodies == sorted(bodies)


async def test_a_client_that_sends_far_ahead_is_read_no_further() -> None:
    """One client must not fill the memory with requests that it sent in advance."""
    wire = Wire()

    wire.feed(post(b"", "/wait/a") + post() * 40)
    assert not wire.transport.is_reading()
    wire.app.open(b"/wait/a")
    await turns()

    assert wire.transport.is_reading()
    assert statuses(wire.taken()) == [200] * 41


async def test_a_client_that_asks_for_close_gets_it() -> None:
    """Else it would wait for the end of a stream that does not end."""
    wire = Wire()

    written = wire.feed(post(Connection="close"))

    assert b"connection: close\r\n" in written
    assert wire.transport.is_closing()
    assert not wire.transport.aborted


async def test_http_1_0_keeps_its_connection_only_by_agreement() -> None:
    """Old clients and benchmarks ask for it, and have to be told."""
    asking, silent = Wire(), Wire()

    assert b"connection: keep-alive\r\n" in asking.feed(post(version="1.0", Connection="keep-alive"))
    assert b"connection: close\r\n" in silent.feed(post(version="1.0"))
    assert (asking.transport.is_closing(), silent.transport.is_closing()) == (False, True)


async def test_a_head_request_gets_no_body_but_its_length() -> None:
    """The body would be read as the start of the next answer."""
    wire = Wire()

    written = wire.feed(b"HEAD /x HTTP/1.1\r\nHost: test\r\n\r\n")

    assert written.endswith(b"content-length: 3\r\n\r\n")


async def test_a_client_that_waits_for_leave_gets_it() -> None:
    """Curl sends large bodies only after 100 Continue, or after a pause."""
    wire = Wire()
    head, body = post(b"late", Expect="100-continue").split(b"\r\n\r\n")

    assert wire.feed(head + b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert wire.feed(body).endswith(b"/x late")


async def test_a_client_that_waits_for_leave_to_send_too_much_is_refused_at_once() -> None:
    """That is what asking before sending is for."""
    wire = Wire(max_body=3)
    head, _ = post(b"late", Expect="100-continue").split(b"\r\n\r\n")

    assert statuses(wire.feed(head + b"\r\n\r\n")) == [413]


async def test_an_offer_of_another_protocol_is_answered_in_this_one() -> None:
    """Java's client offers h2c with its first request; it must get its answer, and its next one."""
    wire = Wire()
    upgrade = b"GET /x HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"

    assert statuses(wire.feed(upgrade + post(b"next"), post())) == [200, 200, 200]


# heads that come again


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


# limits


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


# time


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


# ends


async def test_a_client_that_left_is_known_to_have_left() -> None:
    """Work that nobody waits for is dropped from the queue."""
    wire = Wire()
    wire.feed(post(b"", "/wait/a"))
    request = wire.app.seen[0]
    assert not request.abandoned()

    wire.transport.close()
    wire.connection.connection_lost(None)

    assert request.abandoned()
    wire.app.open(b"/wait/a")
    await turns()
    assert wire.taken() == b""


async def test_a_client_that_ends_its_half_still_gets_its_answer() -> None:
    """Shell scripts with nc do that, and read on."""
    wire = Wire()
    wire.feed(post(b"", "/wait/a"))

    assert wire.connection.eof_received()
    wire.app.open(b"/wait/a")
    await turns()

    assert statuses(wire.taken()) == [200]
    assert wire.transport.is_closing()


async def test_a_client_that_ends_its_half_between_requests_is_let_go() -> None:
    """Nothing is owed."""
    wire = Wire()
    wire.feed(post())

    assert not wire.connection.eof_received()


async def test_while_draining_each_answer_closes_its_connection() -> None:
    """That is how clients and proxies learn to go elsewhere, without an error."""
    wire = Wire()
    wire.feed(post(b"in flight", "/wait/a"))
    wire.shared.draining = True
    wire.app.open(b"/wait/a")
    await turns()

    written = wire.taken()

    assert b"connection: close\r\n" in written
    assert wire.transport.is_closing()


async def test_at_the_end_an_idle_connection_closes_and_a_busy_one_does_not() -> None:
    """What is in flight when the listener closes is finished."""
    idle, busy, half = Wire(), Wire(), Wire()
    for wire in (idle, busy):
        wire.feed(post())
    busy.feed(post(b"", "/wait/a"))
    half.feed(post(b"body")[:-1])
    now = 10.0**9

    assert [wire.connection.close_if_idle(now) for wire in (idle, busy, half)] == [True, False, False]
    assert [wire.transport.is_closing() for wire in (idle, busy, half)] == [True, False, False]


async def test_at_the_end_a_newcomer_gets_a_moment_for_its_first_request() -> None:
    """It connected because nobody had told it to go elsewhere."""
    wire = Wire()

    assert not wire.connection.close_if_idle(0.0)
    assert wire.connection.close_if_idle(10.0**9)
