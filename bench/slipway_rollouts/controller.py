"""A controller as a process: started, read, ended."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
END_SECONDS = 60.0


class Controller:
    """A running controller; its log is a file."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    def cpu_seconds(self) -> float:
        """User and system time since its start, of all its threads."""
        self.check()
        after_name = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / TICKS

    def peak_mebibytes(self) -> float:
        """The largest resident set it ever had."""
        self.check()
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024

    def check(self) -> None:
        """Raises RuntimeError with the end of its log if it has ended."""
        if self._process.poll() is not None:
            tail = "\n".join(self._log.read_text().splitlines()[-20:])
            raise RuntimeError(f"the controller ended with status {self._process.returncode}:\n{tail}")


@contextmanager
def running(command: Sequence[str], log: Path) -> Iterator[Controller]:
    """The controller runs until the block ends."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(log.parent)}
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command, env=environ, cwd=log.parent, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink
        )
    try:
        yield Controller(process, log)
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
