"""What services and transport agree on: a method turns a message's bytes into an answer's bytes.

It answers at once, or returns None and answers its caller later, from any thread; or it raises a fault.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeAlias

Answer: TypeAlias = "bytes | None"


class Caller(Protocol):
    """Who waits for the answer to one message.

    Attributes:
        arrived: when the message came, on time.perf_counter's scale.
        deadline: until when the answer is wanted, likewise.
        request_id: the client's own, from its metadata; empty when it gave none.
    """

    arrived: float
    deadline: float
    request_id: str

    def gone(self) -> bool:
        """True when nobody waits any more."""

    def reply(self, answer: bytes) -> None:
        """Answer, when the method returned None."""

    def fail(self, fault: BaseException) -> None:
        """The same with a fault."""

    def client(self) -> str:
        """Its address."""


class Method(NamedTuple):
    """One method of a service.

    Attributes:
        answer: what a message leads to.
        streaming: each message of a stream gets an answer, in order.
        lasting: one message, and the stream stays open for answers that come later.
        wrap: makes an answer of a message and its fault, so that the stream goes on; without it a fault
            ends the stream.
    """

    answer: Callable[[bytes, Caller], Answer]
    streaming: bool = False
    lasting: bool = False
    wrap: Callable[[bytes, BaseException], bytes] | None = None
