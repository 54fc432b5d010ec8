"""Faults to gRPC's status codes, in one table; the texts are the faults' own.

The numbers are gRPC's, as they are on the wire and in metrics. A full queue and a model that is not ready are
UNAVAILABLE, as Triton answers: clients retry that.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from slipway_runtime import errors

if TYPE_CHECKING:
    from slipway_runtime.errors import RuntimeFault


class Code(IntEnum):
    """The codes that this server answers with."""

    OK = 0
    CANCELLED = 1
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    RESOURCE_EXHAUSTED = 8
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14


STATUS: dict[type[RuntimeFault], Code] = {
    errors.InvalidRequest: Code.INVALID_ARGUMENT,
    errors.NotFound: Code.NOT_FOUND,
    errors.MethodNotAllowed: Code.UNIMPLEMENTED,
    errors.BodyTooLarge: Code.RESOURCE_EXHAUSTED,
    errors.HeadersTooLarge: Code.RESOURCE_EXHAUSTED,
    errors.Unsupported: Code.UNIMPLEMENTED,
    errors.SlowBody: Code.DEADLINE_EXCEEDED,
    errors.Overloaded: Code.UNAVAILABLE,
    errors.ModelNotReady: Code.UNAVAILABLE,
    errors.DeadlineExceeded: Code.DEADLINE_EXCEEDED,
    errors.ClientGone: Code.CANCELLED,
    errors.EngineFailed: Code.INTERNAL,
}
INTERNAL_TEXT = "internal error: the server's log has it"
LEAVING_TEXT = "this server is going away: open the stream again, another one will answer"


def code_of(fault: BaseException) -> Code:
    """The code that a fault gets; INTERNAL for what nobody foresaw."""
    return STATUS.get(type(fault), Code.INTERNAL)  # type: ignore[arg-type] # others are simply not in it


def text_of(fault: BaseException) -> str:
    """What the client is told."""
    return str(fault) if isinstance(fault, errors.RuntimeFault) else INTERNAL_TEXT
