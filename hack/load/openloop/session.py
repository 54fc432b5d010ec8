"""Running the generator from another program, wherever the prefix command puts it.

    with Session(url, expectations, rates, report_file, prefix=["cluster", "exec", "--"]) as load:
        load.mark("apply the second model")
        ...
    load.report["failed"]

The load goes on for as long as the block takes, and for at least `requests`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from openloop.record import PHASE

ROOT = Path(__file__).resolve().parent.parent
"""What PYTHONPATH needs."""


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Requests a second by kind of client, and the bounds of the whole."""

    new: float = 150
    keep: float = 250
    pool: int = 16
    grpc: float = 0
    slow: float = 0
    slow_seconds: float = 12
    requests: int = 20_000
    seconds: float = 180
    timeout: float = 10


class Session:
    """A context: the load runs from entering to leaving. `on_progress(requests, failed)` each second.

    `requests`: how many have ended so far, at the last second's count.
    """

    def __init__(
        self,
        url: str,
        expectations: Path,
        rates: Rates,
        report_file: Path,
        *,
        prefix: Sequence[str] = (),
        environ: Mapping[str, str] = os.environ,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._command = [*prefix, *_command(url, expectations, rates, report_file)]
        self._environ = {**environ, "PYTHONPATH": str(ROOT)}
        self._report_file = report_file
        self._on_progress = on_progress
        self._program: subprocess.Popen[str] | None = None
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self.requests = 0
        self.report: dict[str, Any] = {}
        self.summary = ""

    def __enter__(self) -> Self:
        self._report_file.parent.mkdir(parents=True, exist_ok=True)
        self._report_file.unlink(missing_ok=True)
        self._program = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environ,
            start_new_session=True,
        )
        _first_in_line(self._program.pid)
        self._watcher.start()
        return self

    def mark(self, text: str) -> None:
        """Notes what is done now on the report's time axis. Raises RuntimeError where no load runs."""
        program = self._running()
        if program.stdin is None or program.poll() is not None:
            raise RuntimeError(f"the load ended before '{text}': nobody would see what that does")
        program.stdin.write(text.replace("\n", " ") + "\n")
        program.stdin.flush()

    def phase(self, name: str) -> None:
        """Begins a phase: the report counts by phase what was due in it. Raises RuntimeError as `mark`."""
        self.mark(PHASE + name)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Lets the load finish (ends it at once after an error) and reads its report."""
        program = self._running()
        if kind is not None:
            program.terminate()
        with program:  # closes its pipes and waits; the end of stdin is what it waits for
            if program.stdin is not None:
                program.stdin.close()
            self._watcher.join()
            self.summary = program.stderr.read() if program.stderr is not None else ""
        if self._report_file.exists():
            self.report = json.loads(self._report_file.read_text())
        elif kind is None:
            raise RuntimeError(f"the load generator ended without a report: {self.summary.strip()}")

    def _running(self) -> subprocess.Popen[str]:
        if self._program is None:
            raise RuntimeError("use Session in a with statement")
        return self._program

    def _watch(self) -> None:
        """Reads progress until the program ends, so that its pipe never fills."""
        program = self._running()
        for line in program.stdout or ():
            if line.startswith("{"):
                told = json.loads(line)
                self.requests = told["requests"]
                if self._on_progress is not None:
                    self._on_progress(told["requests"], told["failed"])


def _command(url: str, expectations: Path, rates: Rates, report_file: Path) -> list[str]:
    options = {
        "--url": url,
        "--expect": expectations.resolve(),
        "--new": rates.new,
        "--keep": rates.keep,
        "--pool": rates.pool,
        "--grpc": rates.grpc,
        "--slow": rates.slow,
        "--slow-seconds": rates.slow_seconds,
        "--requests": rates.requests,
        "--seconds": rates.seconds,
        "--timeout": rates.timeout,
        "--json": report_file.resolve(),
    }
    flags = [str(part) for option in options.items() for part in option]
    return [sys.executable, "-m", "openloop", *flags, "--hold", "--progress"]


def _first_in_line(leader: int) -> None:
    """Lets a session's processes go before others: what the generator waits for a CPU counts as latency.

    Only where the kernel weighs sessions, and lets us.
    """
    with suppress(OSError):
        Path(f"/proc/{leader}/autogroup").write_text("-15")
