"""How many CPUs this process may use: the container's quota, not the machine's cores.

A server that starts as many threads as the machine has cores is throttled as soon as its container has a
quota. The quota of every control group from ours up to the root counts, the smallest wins; so does CPU
affinity. Half a CPU still is one thread; three and a half are three, because a fourth would only bring
throttling.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def available_cpus(root: Path = ROOT, own: Path = OWN, affinity: int | None = None) -> int:
    """CPUs by quota and affinity, at least 1.

    Args:
        root: where control groups are mounted.
        own: the file that names this process's groups.
        affinity: CPUs it may be scheduled on; asked of the kernel when None.
    """
    cores = len(os.sched_getaffinity(0)) if affinity is None else affinity
    quotas = [quota for folder in _folders(root, own) if (quota := _quota(folder)) is not None]
    return max(1, min(cores, int(min(quotas, default=cores))))


def _folders(root: Path, own: Path) -> list[Path]:
    """Our group and its parents, as seen from inside a container (root only) or outside (full path)."""
    bases = [root, root / "cpu", root / "cpu,cpuacct", root / "cpuacct,cpu"]
    folders = []
    for line in _read(own).splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers and "cpu" not in controllers.split(","):
            continue
        parts = [part for part in path.split("/") if part not in ("", "..")]
        folders += [base.joinpath(*parts[:depth]) for base in bases for depth in range(1, len(parts) + 1)]
    return bases + folders


def _quota(folder: Path) -> float | None:
    """CPUs of one group, None where it has no limit: cpu.max (version 2), cfs_quota (version 1)."""
    quota, _, period = _read(folder / "cpu.max").strip().partition(" ")
    if not quota:
        quota = _read(folder / "cpu.cfs_quota_us").strip()
        period = _read(folder / "cpu.cfs_period_us").strip()
    if not (quota.isdigit() and period.isdigit() and int(period)):
        return None  # "max", "-1", or no such file
    return int(quota) / int(period)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
