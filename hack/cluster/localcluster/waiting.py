"""Waiting with a deadline that says what it waited for, and progress that says how long it took."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO, TypeVar

from localcluster.errors import ClusterError

T = TypeVar("T")


@dataclass(frozen=True)
class Clock:
    """Monotonic seconds and a pause; tests bring their own."""

    now: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep


def until(
    what: str,
    look: Callable[[], T | None],
    *,
    seconds: float,
    clue: Callable[[], str] = str,
    clock: Clock | None = None,
    every: float = 0.05,
) -> T:
    """Look until there is an answer that is not None or False.

    Raises ClusterError after `seconds`, with `what` was awaited and the `clue` to why it did not come.
    """
    clock = clock or Clock()
    end = clock.now() + seconds
    while True:
        if answer := look():
            return answer
        if clock.now() >= end:
            hint = clue()
            raise ClusterError(f"waited {seconds:.0f} s in vain for {what}" + (f"\n{hint}" if hint else ""))
        clock.pause(every)


class Progress:
    """Lines on a terminal, each with the seconds since the beginning."""

    def __init__(self, out: TextIO, clock: Clock | None = None) -> None:
        self._out = out
        self._clock = clock or Clock()
        self._begin = self._clock.now()

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self._clock.now() - self._begin

    def say(self, line: str) -> None:
        """Print one line at once."""
        print(f"{self.elapsed:6.1f} s  {line}", file=self._out, flush=True)
