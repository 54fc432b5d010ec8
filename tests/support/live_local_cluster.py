"""The `cluster` program as a user calls it, and what it leaves on the machine.

`Traces` is a picture of all that a cluster could leave behind: processes, mounts, control groups,
kernel settings, and files in the places where a node writes.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).resolve().parents[2] / "hack/cluster/cluster"
SYSCTLS = (
    *("kernel/keys/root_maxbytes", "kernel/keys/root_maxkeys", "kernel/panic", "kernel/panic_on_oops"),
    *("vm/overcommit_memory", "vm/panic_on_oom", "net/ipv4/ip_forward"),
)
PLACES = (
    *("/etc/cni", "/etc/kubernetes", "/opt/cni", "/opt/containerd", "/run/containerd", "/run/netns"),
    *("/usr/libexec/kubernetes", "/var/lib/containerd", "/var/lib/etcd", "/var/lib/kubelet", "/var/log/pods"),
)


@dataclass(frozen=True)
class LocalCluster:
    """One cluster, by its name, with its state in a folder of the test's own."""

    name: str
    state: Path

    @property
    def home(self) -> Path:
        """Where its files are."""
        return self.state / "clusters" / self.name

    @property
    def init(self) -> int:
        """Its PID 1, as the machine numbers it."""
        return int(json.loads((self.home / "init.json").read_text())["pid"])

    def call(self, *words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run one command; the caller looks at the exit status."""
        environ = os.environ | {"SLIPWAY_CLUSTER": self.name, "SLIPWAY_STATE": str(self.state)}
        environ["SLIPWAY_BACKEND"] = "native"
        line = [str(PROGRAM), *words]
        return subprocess.run(line, env=environ, input=stdin, capture_output=True, text=True, check=False)

    def run(self, *words: str, stdin: str | None = None) -> str:
        """Run one command that has to succeed; returns its output."""
        done = self.call(*words, stdin=stdin)
        assert done.returncode == 0, f"cluster {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def apply(self, *manifests: dict[str, Any]) -> None:
        """Apply manifests."""
        self.run(
            "kubectl",
            "apply",
            "-f",
            "-",
            stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}),
        )

    def status(self) -> dict[str, Any]:
        """What `status` says."""
        facts: dict[str, Any] = json.loads(self.call("status", "--json").stdout)
        return facts

    def await_(self, what: str, look: Callable[[], bool], seconds: float = 60) -> None:
        """Look until it is so, or fail with what was awaited."""
        end = time.monotonic() + seconds
        while not look():
            assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
            time.sleep(0.2)  # kubectl's own exit status is the event; there is nothing to watch


@dataclass(frozen=True)
class Traces:
    """What a cluster could leave on the machine."""

    processes: frozenset[str]
    mounts: frozenset[str]
    cgroups: frozenset[str]
    sysctls: tuple[str, ...]
    files: frozenset[str]


def traces(cluster: LocalCluster) -> Traces:
    """A picture of now."""
    return Traces(
        processes=frozenset(_processes(cluster)),
        mounts=frozenset(_mounts(cluster)),
        cgroups=frozenset(map(str, Path("/sys/fs/cgroup").glob(f"*/slipway.{cluster.name}*"))),
        sysctls=tuple((Path("/proc/sys") / name).read_text() for name in SYSCTLS),
        files=frozenset(_files(cluster)),
    )


def family(init: int) -> set[tuple[int, str]]:
    """A process and all below it: number and the tick at which each began."""
    parents = {pid: fields[1] for pid, fields in _stats().items()}
    members = {init}
    while more := {pid for pid, parent in parents.items() if int(parent) in members} - members:
        members |= more
    return {(pid, fields[19]) for pid, fields in _stats().items() if pid in members}


def living(processes: set[tuple[int, str]]) -> set[tuple[int, str]]:
    """Those that still run; what is dead and not yet collected does not."""
    return {(pid, fields[19]) for pid, fields in _stats().items() if fields[0] != "Z"} & processes


def _stats() -> dict[int, list[str]]:
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                found[int(folder.name)] = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended just now
    return found


def _processes(cluster: LocalCluster) -> list[str]:
    found = []
    for pid in _stats():
        try:
            command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        except OSError:
            continue  # it ended just now
        if str(cluster.home) in command or f"{cluster.name}-node" in command:
            found.append(command)
    return found


def _mounts(cluster: LocalCluster) -> list[str]:
    return [
        line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(cluster.state) in line
    ]


def _files(cluster: LocalCluster) -> list[str]:
    places = [place for place in PLACES if Path(place).exists()]
    return [*places, *(str(path) for path in cluster.state.rglob("*"))]
