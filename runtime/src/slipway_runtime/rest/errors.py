"""Faults to status codes, in one table, and to the body `{"error": "…"}`.

A client's fault is 4xx, always. 503 comes with Retry-After. What nobody foresaw is 500 with a fixed text:
what went wrong is in the log, not in the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway_runtime import errors
from slipway_runtime.rest.reply import JSON, Reply, json_reply

if TYPE_CHECKING:
    from slipway_runtime.errors import RuntimeFault

STATUS: dict[type[RuntimeFault], int] = {
    errors.InvalidRequest: 400,
    errors.Forbidden: 403,
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
RETRY_AFTER = b"retry-after: 1\r\n"
INTERNAL = json_reply({"error": "internal error: the server's log has it"}, 500)


def error_reply(fault: RuntimeFault) -> Reply:
    """The answer that a fault gets."""
    status, head, body = json_reply({"error": str(fault)}, STATUS.get(type(fault), 500))
    if status == 503:  # noqa: PLR2004 # Service Unavailable
        head = JSON + RETRY_AFTER
    elif isinstance(fault, errors.MethodNotAllowed):
        head = JSON + b"allow: " + ", ".join(fault.allowed).encode() + b"\r\n"
    return Reply(status, head, body)
