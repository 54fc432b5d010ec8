"""The termination message: how a container says why it ended, in a form that the operator reads.

One ASCII JSON object `{reason, message, digest?, sizeBytes?, seconds?}` of at most 2,000 bytes; the kubelet
would keep only the tail of anything beyond 4,096. Fields are cut before they are encoded, so that it stays
JSON. Texts were redacted where they were made.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from slipway_runtime.errors import Reason

MAX_BYTES = 2000
_LOG = logging.getLogger(__name__)


def termination_message(reason: Reason, message: str, facts: dict[str, object] | None = None) -> bytes:
    """The object as bytes; the message is shortened until all fits."""
    shown = message
    while True:
        text = json.dumps({"reason": str(reason), "message": shown, **(facts or {})}, ensure_ascii=True)
        over = len(text) - MAX_BYTES
        if over <= 0:
            return text.encode("ascii")
        # An escaped character takes up to twelve bytes: dropping over/12 characters can never drop too many.
        shown = shown[: -(over // 12 + 4)] + "..." if len(shown) > over // 12 + 4 else ""


def write_termination_message(
    path: Path | None, reason: Reason, message: str, facts: dict[str, object] | None = None
) -> None:
    """Write it; a path that cannot be written is logged and costs nothing else."""
    if path is None:
        return
    try:
        path.write_bytes(termination_message(reason, message, facts))
    except OSError as error:
        _LOG.warning("cannot write the termination message", extra={"path": str(path), "errno": error.errno})
