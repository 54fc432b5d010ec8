"""A run sees every fault a server can commit, keeps its rate, and hides no delay."""

from __future__ import annotations

import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from openloop import report
from openloop.client import HttpClient
from openloop.expect import Expectations
from openloop.faults import Fault
from openloop.record import Record
from openloop.run import Bounds, Run, Stream
from openloop.transport import KeepAlivePool, NewConnections, SlowRequests, Transport
from trick_server import Trick, Tricks, TrickServer

Serve = Callable[[Tricks], Awaitable[TrickServer]]
MakeTransport = Callable[[int], Transport]


TIMEOUT = 3.0
"""Seconds; far above what a busy machine takes for an answer."""


def _new(port: int) -> Transport:
    return NewConnections("127.0.0.1", port)


def _kept(port: int) -> Transport:
    return KeepAlivePool("127.0.0.1", port, size=4)


async def _run(
    expectations: Expectations,
    transport: Transport,
    *,
    rate: float = 400,
    requests: int = 60,
    within: float = 5,
) -> Record:
    stream = Stream(name="one", rate=rate, client=HttpClient("model", expectations, transport))
    bounds = Bounds(requests=requests, seconds=20, timeout=within)
    return await Run(len(expectations.samples), [stream], bounds).go()


@pytest.mark.parametrize("make", [_new, _kept])
async def test_a_good_server_gets_no_blame(
    serve: Serve, expectations: Expectations, make: MakeTransport
) -> None:
    """False alarms would make the proof worthless as quickly as misses."""
    server = await serve(lambda _: Trick())
    record = await _run(expectations, make(server.port))
    assert (record.total.requests, record.total.failed, server.requests) == (60, 0, 60)
    assert record.revisions["one", "rev-first"].requests == 60


@pytest.mark.parametrize("make", [_new, _kept])
@pytest.mark.parametrize(
    ("trick", "faults"),
    [
        (Trick(status="503 Service Unavailable"), {Fault.STATUS}),
        (Trick(reset=True), {Fault.RESET, Fault.CLOSED}),
        (Trick(raw=b"", close_after=True), {Fault.CLOSED}),
        (Trick(cut_at=70), {Fault.CLOSED}),
        (Trick(delay=10 * TIMEOUT), {Fault.TIMEOUT}),
        (Trick(raw=b"junk\r\n\r\n"), {Fault.MALFORMED}),
        (Trick(answer_id="somebody-else"), {Fault.WRONG_ID}),
        (Trick(model="second"), {Fault.MIXED}),
        (Trick(revision=None), {Fault.NO_REVISION}),
    ],
)
async def test_a_single_fault_among_many_answers_is_seen(
    serve: Serve, expectations: Expectations, make: MakeTransport, trick: Trick, faults: set[Fault]
) -> None:
    """One dropped or mixed request in an update is what the load is there to find."""
    server = await serve(lambda number: trick if number == 30 else Trick())
    record = await _run(expectations, make(server.port), within=TIMEOUT if trick.delay else 2 * TIMEOUT)
    assert record.total.requests == 60
    assert record.total.failed == 1
    assert set(record.faults) <= faults
    [fault] = record.faults
    assert len(record.samples[fault]) == 1


async def test_a_request_in_two_halves_is_one_request(serve: Serve, expectations: Expectations) -> None:
    """Requests longer than a drain are part of the proof: they must arrive whole, and late."""
    server = await serve(lambda _: Trick())
    transport = SlowRequests("127.0.0.1", server.port, seconds=0.2)
    record = await _run(expectations, transport, requests=10)
    assert (record.total.requests, record.total.failed, server.requests) == (10, 0, 10)
    assert record.total.latency.percentile(1) >= 200_000


async def test_nobody_listening_is_refused(expectations: Expectations) -> None:
    """A Service without endpoints must not look like an idle one."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        record = await _run(expectations, _new(unused.getsockname()[1]), requests=10)
    assert record.faults == {Fault.REFUSED: 10}


async def test_the_change_of_revision_is_timed(serve: Serve, expectations: Expectations) -> None:
    """Users ask when the last old answer came; the record must know it by stream and revision."""
    second, asked = Trick(model="second", revision="rev-second"), dict[int, float]()

    def trick(number: int) -> Trick:
        asked[number] = time.perf_counter()
        return second if number >= 40 else Trick()

    server, begin = await serve(trick), time.perf_counter()
    record = await _run(expectations, _new(server.port))
    end = time.perf_counter()
    assert record.total.failed == 0
    assert expectations.revisions == {"rev-first": "first", "rev-second": "second"}
    first, then = record.revisions["one", "rev-first"], record.revisions["one", "rev-second"]
    assert (first.requests, then.requests) == (40, 20)
    # From the first request to the last that the old one answered is less, the whole run is more.
    assert max(asked[number] for number in range(40)) - asked[0] < first.last < end - begin
    assert asked[max(asked)] - asked[0] < then.last < end - begin


async def test_a_stall_counts_for_every_request_it_delays(serve: Serve, expectations: Expectations) -> None:
    """A client that waits for answers before it asks again would see one slow request, not two hundred."""
    server = await serve(_stalled(after=50, seconds=0.5))
    record = await _run(expectations, _new(server.port), rate=400, requests=400)
    assert record.total.failed == 0
    # Of 400 requests the 160 that were due in the stall's first 0.4 s waited 0.1 s or longer.
    assert record.total.latency.percentile(65) >= 100_000


def _stalled(*, after: int, seconds: float) -> Tricks:
    """Nothing is answered for so many seconds from that request on."""
    ends: list[float] = []

    def trick(number: int) -> Trick:
        now = time.perf_counter()
        if number == after:
            ends.append(now + seconds)
        return Trick(delay=max(0.0, ends[0] - now) if ends else 0.0)

    return trick


async def test_arrivals_keep_their_rate_while_answers_are_slow(
    serve: Serve, expectations: Expectations
) -> None:
    """The loop is open: a server that takes 0.3 s for each answer still gets all 200 a second."""
    server = await serve(lambda _: Trick(delay=0.3))
    record = await _run(expectations, _new(server.port), rate=200, requests=100)
    assert record.total.failed == 0
    assert server.most_at_once >= 20, "one at a time, or a few, would be a closed loop"


async def test_the_report_tells_all_that_a_reader_needs(serve: Serve, expectations: Expectations) -> None:
    """Programs read the JSON, people the text; both must name the failures and the revisions."""
    server = await serve(lambda number: Trick(status="500 Oops") if number == 7 else Trick())
    client = HttpClient("model", expectations, _new(server.port))
    stream = Stream(name="new", rate=400, client=client)
    run = Run(len(expectations.samples), [stream], Bounds(requests=40, seconds=20))
    run.mark("begin")
    record = await run.go()
    told = report.build(record, expectations, [stream], target="http://model", seconds=run.elapsed())
    assert (told["requests"], told["failed"]) == (40, 1)
    assert told["faults"]["status"]["samples"][0]["text"].startswith("500 Oops")
    assert told["revisions"]["rev-first"]["requests"] == 39
    assert _sum(told["timeline"], "requests") == 40
    page = report.text(told)
    for shown in ("40 requests", "1 failed", "rev-first (first): 39 answers", "new-7", "begin"):
        assert shown in page


def _sum(rows: list[dict[str, Any]], column: str) -> int:
    return sum(row[column] for row in rows)
