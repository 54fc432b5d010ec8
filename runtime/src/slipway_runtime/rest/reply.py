"""An answer before it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

if TYPE_CHECKING:
    from slipway_runtime.rest.asgi import Headers

JSON = (b"content-type", b"application/json")


class Reply(NamedTuple):
    """Status, headers without content-length, body."""

    status: int
    headers: Headers
    body: bytes


def json_reply(payload: Any, status: int = 200) -> Reply:
    """A reply whose body is this, as JSON."""
    return Reply(status, [JSON], orjson.dumps(payload))
