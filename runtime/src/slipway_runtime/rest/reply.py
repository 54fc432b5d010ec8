"""An answer before it is sent. Head lines are ready-made bytes: nothing in them comes from a client."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, NamedTuple

import orjson

JSON = b"content-type: application/json\r\n"
STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}
STATUS_LINES[499] = b"HTTP/1.1 499 Client Closed Request\r\n"


class Reply(NamedTuple):
    """What goes back.

    Attributes:
        status: of HTTP.
        head: header lines, each with its line end; content-length and connection are added when it is sent.
        body: the bytes.
    """

    status: int
    head: bytes
    body: bytes


def json_reply(payload: Any, status: int = 200) -> Reply:
    """A reply whose body is this, as JSON."""
    return Reply(status, JSON, orjson.dumps(payload))
