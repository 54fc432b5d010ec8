"""Exit codes: one per reason, so that a script need not read the message."""

from __future__ import annotations

from slipway_runtime.errors import Reason

EXIT_CODES: dict[Reason, int] = {
    Reason.PULLED: 0,
    Reason.CONVERTED: 0,
    Reason.INVALID_SETTINGS: 2,
    Reason.START_FAILED: 3,
    Reason.INVALID_URI: 10,
    Reason.NOT_FOUND: 11,
    Reason.ACCESS_DENIED: 12,
    Reason.DIGEST_MISMATCH: 13,
    Reason.TOO_LARGE: 14,
    Reason.UNSUPPORTED_FORMAT: 15,
    Reason.MODEL_LOAD_FAILED: 16,
    Reason.CONVERSION_INEXACT: 17,
    Reason.TIMEOUT: 20,
    Reason.UNREACHABLE: 21,
    Reason.NO_SPACE: 22,
}


def exit_codes_text() -> str:
    """The table for --help: below 20 trying again changes nothing, from 20 on it may."""
    rows = ["   0  done, or stopped as asked", "   1  a bug: see the log"]
    rows += [f"  {code:>2}  {reason}" for reason, code in EXIT_CODES.items() if code]
    return "\n".join(rows)
