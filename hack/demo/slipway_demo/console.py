"""What a person sees: one line when something begins, its elapsed time in front, results below it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO


class Console:
    """Prints to `out`; times are minutes:seconds since it was made."""

    def __init__(self, out: TextIO = sys.stdout, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._clock = clock
        self._start = clock()

    def step(self, title: str) -> None:
        """Something begins."""
        self._print(f"{self.elapsed():>6}  {title}")

    def say(self, text: str) -> None:
        """A result or a detail of the step that is under way; may have several lines."""
        for line in text.rstrip().splitlines():
            self._print(f"        {line}".rstrip())

    def blank(self) -> None:
        """An empty line."""
        self._print("")

    def seconds(self) -> float:
        """Since the beginning."""
        return self._clock() - self._start

    def elapsed(self) -> str:
        """Since the beginning, as `1:05`."""
        minutes, seconds = divmod(int(self.seconds()), 60)
        return f"{minutes}:{seconds:02}"

    def _print(self, line: str) -> None:
        self._out.write(line + "\n")
        self._out.flush()
