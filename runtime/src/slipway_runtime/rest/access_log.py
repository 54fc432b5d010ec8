"""The access log: one line for each request, with what joins it to other logs and nothing of its content.

Queries carry tokens and bodies carry data; neither is written. Bytes are those of the bodies on the wire.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slipway_runtime.rest.reply import Reply
    from slipway_runtime.rest.request import Request

LONGEST = 200  # characters of a path or a model's name
_ACCESS = logging.getLogger("slipway_runtime.access")


def write_line(request: Request, reply: Reply, *, protocol: str, identity: bytes, received: int) -> None:
    """Write the line of an answered request."""
    _ACCESS.info(
        "request",
        extra={
            "method": request.method.decode("latin-1"),
            "path": request.target[:LONGEST].decode("latin-1").partition("?")[0],
            "model": request.params.get("model", "")[:LONGEST],
            "protocol": protocol,
            "code": reply.status,
            "request_id": identity.decode("latin-1"),
            "seconds": round(time.perf_counter() - request.arrived, 6),
            "bytes_in": received,
            "bytes_out": len(reply.body),
            "client": request.client,
        },
    )
