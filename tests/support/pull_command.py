"""`slipway-runtime pull` as a process of its own, whose environment holds only what a test says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LONGEST = 60.0
"""Seconds; a pull that takes longer hangs."""
PROGRAM = (sys.executable, "-m", "slipway_runtime", "pull")


@dataclass(frozen=True)
class Pulled:
    """How a pull ended."""

    code: int
    stdout: str
    stderr: str
    report: bytes
    """The termination message as written."""

    @property
    def message(self) -> dict[str, Any]:
        """The termination message, read as the operator reads it."""
        found: dict[str, Any] = json.loads(self.report.decode("ascii"))
        return found

    @property
    def log(self) -> list[dict[str, Any]]:
        """The log's lines; a line that is no JSON object fails the test."""
        return [json.loads(line) for line in self.stderr.splitlines()]

    @property
    def everything(self) -> str:
        """All that anybody can read."""
        return self.stdout + self.stderr + self.report.decode("utf-8", errors="replace")


class PullCommand:
    """Starts pulls into `dest`.

    `environ` is added to a PATH and a HOME. A file may not grow beyond `largest_file` KiB, as on a full disk.
    """

    def __init__(self, folder: Path) -> None:
        self.dest = folder / "dest"
        self.environ: dict[str, str] = {}
        self.largest_file: int | None = None
        self._report = folder / "termination-log"
        self._home = folder

    def start(self, uri: str, *flags: str, environ: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """A pull that runs."""
        words = [*PROGRAM, uri, str(self.dest), "--termination-log", str(self._report), *flags]
        if self.largest_file is not None:
            words = ["bash", "-c", f'ulimit -f {self.largest_file}; exec "$@"', "bash", *words]
        known = {"PATH": os.environ["PATH"], "HOME": str(self._home)}
        return subprocess.Popen(
            words,
            env={**known, **self.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ended(self, process: subprocess.Popen[str]) -> Pulled:
        """How it ended; waits for it."""
        with process:
            try:
                stdout, stderr = process.communicate(timeout=LONGEST)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        report = self._report.read_bytes() if self._report.exists() else b""
        return Pulled(process.returncode, stdout, stderr, report)

    def __call__(self, uri: str, *flags: str, environ: Mapping[str, str] | None = None) -> Pulled:
        """A pull from start to end."""
        return self.ended(self.start(uri, *flags, environ=environ))

    def contents(self) -> dict[str, bytes]:
        """The model's files in `dest`; what begins with .slipway- is the puller's own."""
        return {
            str(path.relative_to(self.dest)): path.read_bytes()
            for path in sorted(self.dest.rglob("*"))
            if path.is_file() and not path.relative_to(self.dest).parts[0].startswith(".slipway-")
        }
