"""A stream's life, event by event, on a wire that a test plays: what is raced for over a real one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from slipway_runtime.errors import EngineFailed, InvalidRequest
from slipway_runtime.rpc.calls import StreamCall, Streams, Terms, UnaryCall
from slipway_runtime.rpc.method import Answer, Caller, Method
from slipway_runtime.rpc.status import Code

METADATA = (("x-slipway-revision", "r"),)


class Wire:
    """Stands for a Call: records what the server does with it, and plays the client."""

    def __init__(self) -> None:
        self.sent: list[tuple[Any, bytes]] = []
        self.status: tuple[Any, bytes | None, Code, str] | None = None
        self.closed: Callable[[bool], None] = lambda _: None
        self.received: Callable[[bytes | None], None] | None = None
        self.went_out: list[Callable[[], None]] = []

    def watch(self, then: Callable[[bool], None]) -> None:
        """See Call."""
        self.closed = then

    def receive(self, then: Callable[[bytes | None], None]) -> None:
        """See Call."""
        assert self.received is None, "a second receive at once"
        self.received = then

    def send(self, metadata: Any, message: bytes, then: Callable[[], None]) -> None:
        """See Call."""
        assert not self.went_out, "a second send at once"
        self.sent.append((metadata, message))
        self.went_out.append(then)

    def finish(self, metadata: Any, message: bytes | None, code: Code, text: str) -> None:
        """See Call."""
        assert self.status is None, "a second status"
        self.status = (metadata, message, code, text)

    def seconds(self) -> float:
        """See Call."""
        return 5.0

    def metadata(self, _: str) -> str:
        """See Call."""
        return ""

    def peer(self) -> str:
        """See Call."""
        return "test"

    def code(self) -> Code | None:
        """How it ended, if it did."""
        return None if self.status is None else self.status[2]

    def message(self, text: bytes | None) -> None:
        """The client sends; None is its end."""
        then, self.received = self.received, None
        assert then is not None
        then(text)

    def out(self) -> None:
        """An answer went out."""
        self.went_out.pop()()


class Later:
    """A method that answers when the test says so."""

    def __init__(self) -> None:
        self.callers: list[Caller] = []

    def __call__(self, _: bytes, caller: Caller) -> Answer:
        """See Method."""
        self.callers.append(caller)
        return None


def stream(answer: Callable[[bytes, Caller], Answer], **flags: Any) -> tuple[StreamCall, Wire, Terms]:
    """A stream that waits for its first message."""
    wire, terms = Wire(), Terms(METADATA, 60.0, Streams())
    call = StreamCall(wire, Method(answer, **flags), terms)  # type: ignore[arg-type] # a stand-in
    call.begin()
    return call, wire, terms


def test_a_stream_takes_turns_and_ends_with_its_client() -> None:
    """Initial metadata goes once, with the first answer."""
    _, wire, terms = stream(lambda text, _: text.upper())

    for text in (b"a", b"b"):
        wire.message(text)
        wire.out()
    wire.message(None)
    wire.closed(False)

    assert wire.sent == [(METADATA, b"A"), (None, b"B")]
    assert wire.status == (None, None, Code.OK, "")
    assert not terms.streams


def test_a_stream_that_waits_ends_at_once_when_the_server_leaves() -> None:
    """It would otherwise hold up the end of the process until its time is over."""
    _, wire, terms = stream(lambda text, _: text)

    terms.streams.leave()
    wire.message(b"too late")

    assert wire.status is not None
    assert (wire.status[0], wire.status[2]) == (METADATA, Code.UNAVAILABLE)
    assert wire.sent == []


def test_a_stream_that_comes_while_the_server_leaves_ends_like_the_others() -> None:
    """It was accepted a moment before the ports closed."""
    wire, terms = Wire(), Terms(METADATA, 60.0, Streams())
    terms.streams.leave()

    StreamCall(wire, Method(Later(), streaming=True), terms).begin()  # type: ignore[arg-type] # a stand-in

    assert wire.code() is Code.UNAVAILABLE


def test_a_stream_at_work_ends_after_its_answer_when_the_server_leaves() -> None:
    """The answer is paid for and waited for."""
    later = Later()
    call, wire, _ = stream(later)
    wire.message(b"a")

    call.leave()
    assert wire.code() is None
    later.callers[0].reply(b"A")
    assert wire.code() is None
    wire.out()

    assert wire.sent == [(METADATA, b"A")]
    assert wire.code() is Code.UNAVAILABLE


def test_an_answer_for_a_client_that_left_goes_nowhere() -> None:
    """The engine may finish later than the client."""
    later = Later()
    _, wire, terms = stream(later)
    wire.message(b"a")

    wire.closed(True)
    assert later.callers[0].gone()
    later.callers[0].reply(b"A")

    assert wire.sent == []
    assert wire.code() is Code.CANCELLED
    assert not terms.streams


def test_a_lasting_stream_sends_what_comes_later_and_of_that_the_newest() -> None:
    """Who watches wants the state, not its history; and one message at a time is all the wire takes."""
    call, wire, _ = stream(lambda text, _: text, lasting=True)
    wire.message(b"")
    call.reply(b"second")
    call.reply(b"third")

    wire.out()
    wire.out()
    call.leave()

    assert [text for _, text in wire.sent] == [b"", b"third"]
    assert wire.received is None
    assert wire.code() is Code.UNAVAILABLE


@pytest.mark.parametrize(
    ("fault", "code", "text"),
    [
        (InvalidRequest("too odd"), Code.INVALID_ARGUMENT, "too odd"),
        (EngineFailed("it broke"), Code.INTERNAL, "it broke"),
        (ZeroDivisionError("secret"), Code.INTERNAL, "internal error: the server's log has it"),
    ],
)
@pytest.mark.parametrize("streaming", [True, False])
def test_a_fault_without_a_form_of_its_own_ends_the_call(
    fault: Exception, code: Code, text: str, *, streaming: bool
) -> None:
    """What nobody foresaw tells the client nothing that is not theirs to know."""

    def broken(_: bytes, __: Caller) -> Answer:
        raise fault

    if streaming:
        _, wire, _ = stream(broken)
    else:
        wire = Wire()
        UnaryCall(wire, Method(broken), Terms(METADATA, 60.0, Streams())).begin()  # type: ignore[arg-type] # a stand-in
    wire.message(b"a")

    assert wire.status == (METADATA, None, code, text)


def test_the_sooner_of_two_deadlines_counts() -> None:
    """The client's, here 5 s, or the server's."""
    later = Later()
    for seconds in (60.0, 1.0):
        wire = Wire()
        UnaryCall(wire, Method(later), Terms(METADATA, seconds, Streams())).begin()  # type: ignore[arg-type] # a stand-in
        wire.message(b"a")

    found = [round(caller.deadline - caller.arrived) for caller in later.callers]
    assert found == [5, 1]
