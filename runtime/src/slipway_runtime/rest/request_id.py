"""Request ids: what a client or proxy sends as x-request-id comes back, so that logs can be joined.

None is made up, unless there is an access log that needs one.
"""

from __future__ import annotations

import re
from uuid import uuid4

from slipway_runtime.rest.reply import Reply

HEADER = b"x-request-id"
_PLAIN = re.compile(rb"[!-~]{1,128}")


def request_id(sent: bytes | None, *, needed: bool) -> bytes:
    """The id of a request: the one sent, if it is 1 to 128 printable characters; else one made if needed."""
    if sent is not None and _PLAIN.fullmatch(sent):
        return sent
    return uuid4().hex.encode() if needed else b""


def with_id(reply: Reply, identity: bytes) -> Reply:
    """An answer that carries its request's id."""
    return Reply(reply.status, reply.head + b"%b: %b\r\n" % (HEADER, identity), reply.body)
