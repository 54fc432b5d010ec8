"""Progress of a pull: one line that changes for a person at a terminal, a line now and then for a log."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

PAUSE = 0.2
LOG_PAUSE = 10.0
MEBIBYTE = 1024 * 1024
_LOG = logging.getLogger(__name__)


class Progress:
    """Called with the bytes so far and the bytes in all, 0 where that is not known.

    Args:
        show: tells them, with the bytes per second.
        pause: seconds between two times; the first comes after one, too, so that a short pull is silent.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        show: Callable[[int, int, float], None],
        pause: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._show = show
        self._pause = pause
        self._clock = clock
        self._started = clock()
        self._next = self._started + pause

    def __call__(self, taken: int, total: int) -> None:
        """Show it, unless it was shown just now."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + self._pause
        self._show(taken, total, taken / (now - self._started))


def on_terminal(stream: TextIO) -> Callable[[int, int, float], None]:
    """Writes one line over and over."""

    def show(taken: int, total: int, speed: float) -> None:
        share = f" of {total / MEBIBYTE:.1f} MiB, {taken / total:4.0%}" if total else " MiB"
        stream.write(f"\r{taken / MEBIBYTE:10.1f}{share}  {speed / MEBIBYTE:8.1f} MiB/s")
        stream.flush()

    return show


def in_log(taken: int, total: int, speed: float) -> None:
    """Writes a line for whoever follows the pod's log."""
    facts = {"bytes": taken, "bytes_per_second": round(speed)}
    _LOG.info("pulling", extra={**facts, "total_bytes": total} if total else facts)


def progress_for(stream: TextIO) -> Progress:
    """What fits the stream."""
    return Progress(on_terminal(stream), PAUSE) if stream.isatty() else Progress(in_log, LOG_PAUSE)
