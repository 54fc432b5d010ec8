"""Progress for a person at a terminal: one line, a few times a second."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

PAUSE = 0.2
MEBIBYTE = 1024 * 1024


class Progress:
    """Called with the bytes so far.

    Args:
        stream: where the line goes.
        clock: seconds, monotonic.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._started = clock()
        self._next = 0.0

    def __call__(self, taken: int) -> None:
        """Show it, unless it was shown just now."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + PAUSE
        speed = taken / MEBIBYTE / max(now - self._started, PAUSE)
        self._stream.write(f"\r{taken / MEBIBYTE:10.1f} MiB  {speed:8.1f} MiB/s")
        self._stream.flush()
