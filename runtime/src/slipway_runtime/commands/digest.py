"""`slipway-runtime digest`: the digest that pins a model on this machine, printed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from slipway_runtime.commands.exits import EXIT_CODES
from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.storage.localize import digest_of

if TYPE_CHECKING:
    from pathlib import Path


def digest(path: Path) -> int:
    """Print a file's or folder's digest; returns the exit code."""
    try:
        found = digest_of(path)
    except PullFailure as failure:
        sys.stderr.write(f"slipway-runtime digest: {failure.message}\n")
        return EXIT_CODES[failure.reason]
    sys.stdout.write(found + "\n")
    return EXIT_CODES[Reason.PULLED]
