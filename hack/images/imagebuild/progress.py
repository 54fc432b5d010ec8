"""Says what is going on and for how long already, and runs programs without drowning it in their output.

Progress goes to standard error, so that standard output stays the answer. A program's output goes to a log
in the cache; on a terminal its last line is shown while it runs, and when it fails its last lines are.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NoReturn

_TAIL: Final = 25
_QUIET_SECONDS: Final = 15.0


class StepFailedError(Exception):
    """A program that a build needs has failed; the message ends with the program's last lines."""


class Progress:
    """One run's clock and log. `say` prints a step; `run` runs a program as part of it."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._started = time.monotonic()
        self._live = sys.stderr.isatty()
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("")

    def say(self, text: str) -> None:
        """Prints one line with the time since the start."""
        self._erase()
        print(f"images {self._elapsed()}  {text}", file=sys.stderr, flush=True)

    def run(self, argv: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
        """Runs `argv` to its end, whose output goes to the log.

        Raises:
            StepFailedError: it ended with another status than 0.
        """
        command = shlex.join(map(str, argv))
        tail: deque[str] = deque(maxlen=_TAIL)
        shown = time.monotonic()
        with (
            self._log.open("a") as log,
            subprocess.Popen(
                argv,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
                errors="replace",
                env=environment,
            ) as program,
        ):
            log.write(f"$ {command}\n")
            for line in program.stdout or ():
                log.write(line)
                tail.append(line)
                shown = self._show(line.strip(), shown)
        self._erase()
        if program.returncode != 0:
            self._fail(command, program.returncode, tail)

    def _show(self, line: str, shown: float) -> float:
        """Shows `line`: at once where it can be overwritten, else now and then. Returns when one was."""
        now = time.monotonic()
        if self._live:
            width = shutil.get_terminal_size().columns
            print(
                f"\r\033[K{f'images {self._elapsed()}    {line}'[: width - 1]}",
                end="",
                file=sys.stderr,
                flush=True,
            )
        elif now - shown > _QUIET_SECONDS:
            print(f"images {self._elapsed()}    … {line[:100]}", file=sys.stderr, flush=True)
        else:
            return shown
        return now

    def _erase(self) -> None:
        if self._live:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def _elapsed(self) -> str:
        minutes, seconds = divmod(int(time.monotonic() - self._started), 60)
        return f"{minutes:3d}:{seconds:02d}"

    def _fail(self, command: str, status: int, tail: Sequence[str]) -> NoReturn:
        raise StepFailedError(
            f"`{command}` ended with status {status}; all of it is in {self._log}\n" + "".join(tail)
        )
