"""Telling our process from a stranger that got its number.

A PID alone is a poor name: after a crash or a reboot the number in a stale file may belong to
anything. A process is the one we started only if it also began at the same clock tick of the same
boot. The kill goes through a pidfd that is opened before the check, so that the number cannot
change hands between check and kill.
"""

import os
import select
import signal
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PROC = Path("/proc")
_STATE, _START = 0, 19  # fields 3 and 22 of /proc/PID/stat, counted from behind the command's name


@dataclass(frozen=True)
class Identity:
    """A process: its number, the clock tick since boot at which it began, and the boot's id."""

    pid: int
    start: int
    boot: str

    def alive(self, proc: Path = PROC) -> bool:
        """Whether exactly this process still runs; a zombie does not."""
        return identify(self.pid, proc) == self

    def kill(self, seconds: float, proc: Path = PROC) -> bool:
        """End this process at once and wait for its end; False if it still is there after `seconds`."""
        try:
            pidfd = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            if not self.alive(proc):
                return True
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            return bool(select.select([pidfd], [], [], seconds)[0])
        finally:
            os.close(pidfd)

    def as_json(self) -> dict[str, Any]:
        """The record that `from_json` reads."""
        return asdict(self)


def from_json(record: Any) -> Identity | None:
    """The identity in a record; None when the record is missing or damaged."""
    try:
        return Identity(int(record["pid"]), int(record["start"]), str(record["boot"]))
    except (TypeError, KeyError, ValueError):
        return None


def identify(pid: int, proc: Path = PROC) -> Identity | None:
    """Who is behind a PID now; None when nobody or a zombie is."""
    try:
        fields = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
        boot = (proc / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    if fields[_STATE] in "ZX":
        return None
    return Identity(pid, int(fields[_START]), boot)
