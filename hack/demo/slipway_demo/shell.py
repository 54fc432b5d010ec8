"""Running other programs: shown as they go, or read; an error says which command and what it said."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from typing import Self

from slipway_demo.console import Console

TAIL = 25
"""Lines of a failed command that are shown."""

SILENCE = 15.0
"""Seconds without a line after which a sign of life is printed."""


class DemoError(Exception):
    """Something the demo needs did not work; the text says what, and what to do about it."""


class Shell:
    """Runs programs with `environ` on top of this process's own environment."""

    def __init__(self, console: Console, environ: Mapping[str, str] | None = None) -> None:
        self._console = console
        self.environ = os.environ | dict(environ or {})

    def show(self, *command: str) -> str:
        """Runs a command that takes long: shows its progress (stderr) as it comes, returns its stdout.

        Raises DemoError.
        """
        with tempfile.TemporaryFile("w+") as result:
            program = subprocess.Popen(
                command,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=result,
                stderr=subprocess.PIPE,
                text=True,
            )
            with program, _SignsOfLife(self._console) as life:
                for line in program.stderr or ():
                    life.seen()
                    self._console.say(line)
            if program.returncode:
                raise DemoError(f"`{shlex.join(command)}` ended with status {program.returncode}")
            result.seek(0)
            return result.read()

    def read(self, *command: str, text: str = "") -> str:
        """What a command prints; `text` is its whole standard input. Raises DemoError."""
        done = self.attempt(*command, text=text)
        if done.returncode:
            tail = "\n".join((done.stderr or done.stdout).rstrip().splitlines()[-TAIL:])
            raise DemoError(f"`{shlex.join(command)}` ended with status {done.returncode}:\n{tail}")
        return done.stdout

    def attempt(self, *command: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Runs a command that may fail."""
        try:
            return subprocess.run(
                command, env=self.environ, input=text, capture_output=True, text=True, check=False
            )
        except FileNotFoundError as error:
            raise DemoError(f"{command[0]} is not there: {error}") from error


class _SignsOfLife:
    """Prints a line whenever nothing else has been printed for a while."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._seen = threading.Event()
        self._over = False
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._seen.set()
        self._thread.join()

    def seen(self) -> None:
        """Something was printed."""
        self._seen.set()

    def _watch(self) -> None:
        while not self._over:
            if not self._seen.wait(SILENCE):
                self._console.say(f"… still at it ({self._console.elapsed()})")
            self._seen.clear()
