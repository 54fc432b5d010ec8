"""The cluster's control groups: made before the kubelet starts, removed after everything has ended.

The kubelet keeps its pods under one group, named after the cluster, in each hierarchy. Version 1
(one hierarchy per controller) and version 2 (one for all) are told apart by what is mounted; on a
machine with both, the version 1 hierarchies hold the controllers. Version 2 alone is written after
its documentation and has not been tried.
"""

import os
from collections.abc import Callable
from pathlib import Path

from localcluster.errors import ClusterError
from localcluster.waiting import until

MOUNTS = Path("/proc/mounts")
# A node's pods weigh 1024 for each CPU, all its daemons together 1024. Here each daemon is a group of its own
# that weighs as much, and pods would wait behind a dozen of them.
_WEIGHTS = {"cpu.shares": "16384", "cpu.weight": "625"}  # version 1, version 2
_INHERITED = ("cpuset.cpus", "cpuset.mems")  # empty in a new version 1 group, which then takes no process


def hierarchies(mounts: str, version: str) -> list[Path]:
    """Mount points of the hierarchies of a version ("cgroup" or "cgroup2"), from the text of /proc/mounts."""
    rows = [line.split() for line in mounts.splitlines()]
    return [Path(row[1]) for row in rows if row[2] == version]


def with_controllers(mounts: str) -> list[Path]:
    """Where a node's group has to be made before the kubelet starts."""
    found = hierarchies(mounts, "cgroup") or hierarchies(mounts, "cgroup2")
    if not found:
        raise ClusterError("no control groups are mounted under /sys/fs/cgroup: the kubelet cannot run here")
    return found


def everywhere(mounts: str) -> list[Path]:
    """Where groups may have to be removed: on a machine with both, runc makes them in version 2 too."""
    return hierarchies(mounts, "cgroup") + hierarchies(mounts, "cgroup2")


def create(name: str, roots: list[Path]) -> None:
    """Make the group `name` in every hierarchy."""
    for root in roots:
        group = root / name
        group.mkdir(exist_ok=True)
        for attribute in _INHERITED:
            if (root / attribute).exists():
                (group / attribute).write_text((root / attribute).read_text())
        if (root / "cgroup.controllers").exists():  # version 2
            _delegate(root)
        for attribute, weight in _WEIGHTS.items():
            if (group / attribute).exists():
                (group / attribute).write_text(weight)


def _delegate(root: Path) -> None:
    wanted = [f"+{controller}" for controller in (root / "cgroup.controllers").read_text().split()]
    for controller in wanted:
        try:
            (root / "cgroup.subtree_control").write_text(controller)
        except OSError:
            continue  # one that only the machine's root group may have


def remove(name: str, roots: list[Path], rmdir: Callable[[Path], None] = Path.rmdir) -> None:
    """Remove the group `name` with everything below it, deepest first.

    A group stays busy for a moment after its last process has ended; hence the wait.
    """
    groups = [root / name for root in roots]
    until(
        f"the control groups called {name} to become empty",
        lambda: all([_removed(group, rmdir) for group in groups]),  # noqa: C419 - tries all of them each time
        seconds=20,
        clue=lambda: "still there: " + ", ".join(str(group) for group in groups if group.exists()),
    )


def _removed(group: Path, rmdir: Callable[[Path], None]) -> bool:
    for folder, _, _ in os.walk(group, topdown=False):
        try:
            rmdir(Path(folder))
        except OSError:
            return not group.exists()
    return True
