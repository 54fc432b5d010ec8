"""Bytes to a message, with the client's fault told as one."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import DecodeError

from slipway_runtime.errors import InvalidRequest


def parse(kind: Any, text: bytes) -> Any:
    """Read a message.

    Args:
        kind: its class.
        text: what the client sent.

    Raises:
        InvalidRequest: the bytes are no such message.
    """
    try:
        return kind.FromString(text)
    except DecodeError:
        raise InvalidRequest(f"the request is not a {kind.DESCRIPTOR.full_name} message") from None
