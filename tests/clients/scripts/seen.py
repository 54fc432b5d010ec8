"""What the scripts share: each is told of the servers, calls its client and prints what it saw.

Run as `python drive_CLIENT.py '{"iris": {"http": "HOST:PORT", "grpc": "HOST:PORT"}, …}'` by the interpreter
of the client's environment; one JSON object comes out. Arrays are told as nested lists, bytes as text, and a
fault as the class of the exception that the client raised, with its text.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any


def told() -> dict[str, Any]:
    """The servers by model, and the rows to send."""
    found: dict[str, Any] = json.loads(sys.argv[1])
    return found


def show(**seen: Any) -> None:
    """Print what was seen."""
    sys.stdout.write(json.dumps(seen, default=_plain))


def fault(call: Callable[[], Any]) -> dict[str, str]:
    """What a call raises that has to fail."""
    try:
        answer = call()
    except Exception as error:  # noqa: BLE001 # which class it is, is what the test wants to know
        return _told_of(error)
    return {"answered": repr(answer)}


async def fault_of(call: Awaitable[Any]) -> dict[str, str]:
    """What a coroutine raises that has to fail."""
    try:
        answer = await call
    except Exception as error:  # noqa: BLE001 # likewise
        return _told_of(error)
    return {"answered": repr(answer)}


def _told_of(error: Exception) -> dict[str, str]:
    return {"raised": type(error).__name__, "text": str(error)}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    return value.tolist()
