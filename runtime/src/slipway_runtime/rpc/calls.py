"""Calls, from their first message to their status: a unary call is one exchange, a stream a row of them.

A stream receives its next message only when the answer to the last went out: its answers are in order, what
it can have in flight is bounded, and it holds no thread. When the server leaves, a stream that waits for its
client ends at once with UNAVAILABLE, one that is at work after its current answer; clients then open it again
elsewhere.
"""

from __future__ import annotations

import logging
import time
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from slipway_runtime.errors import ClientGone, InvalidRequest, RuntimeFault
from slipway_runtime.rpc.status import LEAVING_TEXT, Code, code_of, text_of

if TYPE_CHECKING:
    from slipway_runtime.rpc.method import Method
    from slipway_runtime.rpc.wire import Call, Metadata

LONGEST_ID = 128
REQUEST_ID = "x-request-id"  # comes back, so that a call can be found in the logs of both sides
_LOG = logging.getLogger(__name__)


class Streams:
    """The open streams, and whether they have to end.

    Attributes:
        leaving: the server goes away.
    """

    __slots__ = ("_open", "leaving")

    def __init__(self) -> None:
        self._open: set[StreamCall] = set()
        self.leaving = False

    def leave(self) -> None:
        """The server goes away: streams end now, or after the answer that is being made."""
        self.leaving = True
        for stream in self._open.copy():
            stream.leave()

    def opened(self, stream: StreamCall) -> None:
        """One more."""
        self._open.add(stream)

    def closed(self, stream: StreamCall) -> None:
        """One less."""
        self._open.discard(stream)

    def __len__(self) -> int:
        return len(self._open)


class Terms(NamedTuple):
    """What holds for every call.

    Attributes:
        metadata: initial metadata of every answer.
        seconds: for one message, from its arrival to its answer.
        streams: the open ones.
    """

    metadata: Metadata
    seconds: float
    streams: Streams


class _Waiting:
    """Who waits for the answer to a message: what unary calls and streams have in common."""

    __slots__ = ("_call", "_left", "_metadata", "_method", "_terms", "arrived", "deadline", "request_id")

    def __init__(self, call: Call, method: Method, terms: Terms) -> None:
        self._call = call
        self._method = method
        self._terms = terms
        self._left = False
        identity = call.metadata(REQUEST_ID)
        self.request_id = identity if len(identity) <= LONGEST_ID else ""
        self._metadata: Metadata | None = terms.metadata
        if self.request_id:
            self._metadata = (*terms.metadata, (REQUEST_ID, self.request_id))
        self.arrived = self.deadline = 0.0

    def gone(self) -> bool:
        """True when the client cancelled, or lost its patience."""
        return self._left

    def client(self) -> str:
        """The client's address."""
        return self._call.peer()

    def _closed(self, cancelled: bool) -> None:  # noqa: FBT001 # the wire's callback
        self._left = self._left or cancelled

    def _arrive(self) -> None:
        self.arrived = time.perf_counter()
        self.deadline = self.arrived + min(self._terms.seconds, self._call.seconds())


class UnaryCall(_Waiting):
    """One message, one answer."""

    __slots__ = ()

    def begin(self) -> None:
        """Wait for the message."""
        self._call.watch(self._closed)
        self._call.receive(self._received)

    def reply(self, answer: bytes) -> None:
        """The answer and OK."""
        self._call.finish(self._metadata, answer, Code.OK, "")

    def fail(self, fault: BaseException) -> None:
        """A fault's code and text."""
        self._call.finish(self._metadata, None, code_of(fault), text_of(fault))

    def _received(self, message: bytes | None) -> None:
        if message is None:
            self.fail(InvalidRequest("the call has no request message"))
            return
        self._arrive()
        try:
            answer = self._method.answer(message, self)
        except RuntimeFault as fault:
            self.fail(fault)
        except Exception as error:  # noqa: BLE001 # the client gets an answer, the log gets the traceback
            _LOG.exception("a gRPC request failed")
            self.fail(error)
        else:
            if answer is not None:
                self.reply(answer)


class StreamCall(_Waiting):
    """Messages and answers in turn; where the method is lasting, one message and any number of answers."""

    __slots__ = (
        "_begun",
        "_ended",
        "_idle",
        "_later",
        "_leaving",
        "_lock",
        "_message",
        "_sending",
    )

    def __init__(self, call: Call, method: Method, terms: Terms) -> None:
        super().__init__(call, method, terms)
        self._lock = Lock()
        self._message = b""
        self._later: bytes | None = None
        self._begun = self._ended = self._idle = self._leaving = self._sending = False

    def begin(self) -> None:
        """Wait for the first message."""
        self._terms.streams.opened(self)
        self._leaving = self._terms.streams.leaving
        self._call.watch(self._closed)
        self._receive()

    def reply(self, answer: bytes) -> None:
        """One answer. Of a lasting stream's, only the newest waits while one is on its way."""
        with self._lock:
            if self._ended:
                return
            if self._sending:
                self._later = answer
                return
            self._send(answer)

    def fail(self, fault: BaseException) -> None:
        """A fault: as an answer where the method has a form for it, else as the stream's end."""
        if self._method.wrap is not None and not isinstance(fault, ClientGone):
            self.reply(self._method.wrap(self._message, fault))
        else:
            self._end(code_of(fault), text_of(fault))

    def leave(self) -> None:
        """The server goes away: end now, or after the answer that is being made."""
        with self._lock:
            self._leaving = True
            if self._idle and not self._ended:
                self._finish(Code.UNAVAILABLE, LEAVING_TEXT)

    def _receive(self) -> None:
        with self._lock:
            if self._ended:
                return
            if self._leaving:
                self._finish(Code.UNAVAILABLE, LEAVING_TEXT)
                return
            self._idle = True
            if not (self._method.lasting and self._begun):
                self._call.receive(self._received)

    def _received(self, message: bytes | None) -> None:
        with self._lock:
            if self._ended:
                return
            self._idle, self._begun = False, True
        if message is None:
            self._end(Code.OK, "")
            return
        self._message = message
        self._arrive()
        try:
            answer = self._method.answer(message, self)
        except RuntimeFault as fault:
            self.fail(fault)
        except Exception as error:  # noqa: BLE001 # the client gets an answer, the log gets the traceback
            _LOG.exception("a message of a gRPC stream failed")
            self.fail(error)
        else:
            if answer is not None:
                self.reply(answer)

    def _send(self, answer: bytes) -> None:
        self._sending, self._idle = True, False
        metadata, self._metadata = self._metadata, None
        self._call.send(metadata, answer, self._sent)

    def _sent(self) -> None:
        with self._lock:
            self._sending = False
            later, self._later = self._later, None
            if later is not None and not self._ended:
                self._send(later)
                return
        self._receive()

    def _closed(self, cancelled: bool) -> None:  # noqa: FBT001 # the wire's callback
        super()._closed(cancelled)
        if cancelled:
            self._end(Code.CANCELLED, "")
        self._terms.streams.closed(self)

    def _end(self, code: Code, text: str) -> None:
        with self._lock:
            if not self._ended:
                self._finish(code, text)

    def _finish(self, code: Code, text: str) -> None:
        self._ended = True
        metadata, self._metadata = self._metadata, None
        self._call.finish(metadata, None, code, text)
