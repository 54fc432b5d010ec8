"""One HTTP/1.1 connection: order, keep-alive, limits, and how it ends."""

from __future__ import annotations

import asyncio

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
