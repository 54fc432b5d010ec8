"""The ways a request can fail. One enum: its values are the classes a report counts."""

from __future__ import annotations

import errno
from enum import StrEnum

MAX_TEXT = 300


class Fault(StrEnum):
    """Why a request counts as failed."""

    REFUSED = "refused"  # no connection: nobody listened
    RESET = "reset"  # the connection was torn down before the answer was whole
    CLOSED = "closed"  # the connection ended in good order, but without a whole answer
    TIMEOUT = "timeout"  # no whole answer in time, counted from the intended send time
    UNREACHABLE = "unreachable"  # the network said no: no route, host down
    STATUS = "status"  # an answer that is not a 2xx
    MALFORMED = "malformed"  # not HTTP, or not the JSON of an inference answer
    WRONG_ID = "wrong-id"  # the answer to another request
    WRONG_VALUE = "wrong-value"  # values that no expected model gives for this input
    MIXED = "mixed"  # one revision's name on another revision's values
    NO_REVISION = "no-revision"  # the answer does not say which revision made it
    CLIENT = "client"  # this side ran out of ports, descriptors or places: the run proves nothing


class RequestError(Exception):
    """A failed request: its class, and one line for a person.

    `answer_started` says whether any byte of an answer had come.
    """

    def __init__(self, fault: Fault, text: str, *, answer_started: bool = False) -> None:
        super().__init__(f"{fault}: {text}")
        self.fault = fault
        self.text = text[:MAX_TEXT]
        self.answer_started = answer_started


_BY_ERRNO = {
    errno.ECONNREFUSED: Fault.REFUSED,
    errno.ECONNRESET: Fault.RESET,
    errno.EPIPE: Fault.RESET,
    errno.ECONNABORTED: Fault.RESET,
    errno.ETIMEDOUT: Fault.TIMEOUT,
    errno.EHOSTUNREACH: Fault.UNREACHABLE,
    errno.ENETUNREACH: Fault.UNREACHABLE,
    errno.EADDRNOTAVAIL: Fault.CLIENT,
    errno.EMFILE: Fault.CLIENT,
    errno.ENFILE: Fault.CLIENT,
    errno.ENOBUFS: Fault.CLIENT,
}


def from_os_error(error: OSError, *, answer_started: bool = False) -> RequestError:
    """The class of a socket's error; one nobody thought of counts as a reset."""
    fault = _BY_ERRNO.get(error.errno or 0, Fault.RESET)
    return RequestError(fault, str(error) or type(error).__name__, answer_started=answer_started)
