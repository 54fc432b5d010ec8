"""Faults to status codes, in one table, and to the body `{"error": "…"}`.

A client's fault is 4xx, always. 503 comes with Retry-After. What nobody foresaw is 500 with a fixed text:
what went wrong is in the log, not in the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway_runtime import errors
from slipway_runtime.rest.reply import Reply, json_reply

if TYPE_CHECKING:
    from slipway_runtime.errors import RuntimeFault

STATUS: dict[type[RuntimeFault], int] = {
    errors.InvalidRequest: 400,
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.SlowBody: 408,
    errors.BodyTooLarge: 413,
    errors.Unsupported: 415,
    errors.HeadersTooLarge: 431,
    errors.ClientGone: 499,
    errors.EngineFailed: 500,
    errors.Overloaded: 503,
    errors.ModelNotReady: 503,
    errors.DeadlineExceeded: 504,
}
RETRY_AFTER = (b"retry-after", b"1")
CLOSE = (b"connection", b"close")
INTERNAL = json_reply({"error": "internal error: the server's log has it"}, 500)


def error_reply(fault: RuntimeFault) -> Reply:
    """The answer that a fault gets."""
    status = STATUS.get(type(fault), 500)
    reply = json_reply({"error": str(fault)}, status)
    if status == 503:  # noqa: PLR2004 # Service Unavailable
        reply.headers.append(RETRY_AFTER)
    if isinstance(fault, errors.MethodNotAllowed):
        reply.headers.append((b"allow", ", ".join(fault.allowed).encode()))
    if isinstance(fault, errors.BodyTooLarge | errors.SlowBody):
        reply.headers.append(CLOSE)  # the rest of the body is not read
    return reply
