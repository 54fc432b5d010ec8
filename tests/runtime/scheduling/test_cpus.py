"""How many CPUs a container may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway_runtime.scheduling.cpus import available_cpus


def cgroups(folder: Path, own: str, files: dict[str, str]) -> tuple[Path, Path]:
    """A tree of control groups and the file that says which is ours."""
    for name, text in files.items():
        path = folder / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    (folder / "own").write_text(own)
    return folder / "cgroup", folder / "own"


IN_CONTAINER_2 = "0::/\n"
ON_HOST_2 = "0::/kubepods.slice/pod1.slice/c1.scope\n"
VERSION_1 = "12:memory:/x\n4:cpu,cpuacct:/kubepods/pod1/c1\n1:name=systemd:/x\n"

CASES: dict[str, tuple[str, dict[str, str], int]] = {
    "a quota of two, version 2": (IN_CONTAINER_2, {"cpu.max": "200000 100000"}, 2),
    "half a CPU is one thread": (IN_CONTAINER_2, {"cpu.max": "50000 100000"}, 1),
    "three and a half are three": (IN_CONTAINER_2, {"cpu.max": "350000 100000"}, 3),
    "no quota": (IN_CONTAINER_2, {"cpu.max": "max 100000"}, 8),
    "more quota than cores": (IN_CONTAINER_2, {"cpu.max": "1600000 100000"}, 8),
    "the pod's quota above the container's": (
        ON_HOST_2,
        {
            "kubepods.slice/pod1.slice/cpu.max": "100000 100000",
            "kubepods.slice/pod1.slice/c1.scope/cpu.max": "max 100000",
        },
        1,
    ),
    "version 1 from inside": (
        VERSION_1,
        {"cpu,cpuacct/cpu.cfs_quota_us": "300000", "cpu,cpuacct/cpu.cfs_period_us": "100000"},
        3,
    ),
    "version 1 from outside": (
        VERSION_1,
        {
            "cpu/kubepods/pod1/c1/cpu.cfs_quota_us": "200000",
            "cpu/kubepods/pod1/c1/cpu.cfs_period_us": "100000",
        },
        2,
    ),
    "version 1, mounted the other way round": (
        "4:cpuacct,cpu:/kubepods/pod1/c1\n",
        {
            "cpuacct,cpu/kubepods/pod1/cpu.cfs_quota_us": "250000",
            "cpuacct,cpu/kubepods/pod1/cpu.cfs_period_us": "100000",
        },
        2,
    ),
    "both versions at once": (
        "4:cpu,cpuacct:/a\n0::/a\n",
        {
            "cpu,cpuacct/a/cpu.cfs_quota_us": "400000",
            "cpu,cpuacct/a/cpu.cfs_period_us": "100000",
            "unified/a/cgroup.procs": "1",
        },
        4,
    ),
    "a tenth of a CPU": (IN_CONTAINER_2, {"cpu.max": "10000 100000"}, 1),
    "version 1 without a quota": (
        VERSION_1,
        {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"},
        8,
    ),
    "files full of nonsense": (IN_CONTAINER_2, {"cpu.max": "a lot"}, 8),
    "a period of zero": (IN_CONTAINER_2, {"cpu.max": "100000 0"}, 8),
    "no files at all": ("", {}, 8),
}


@pytest.mark.parametrize(("own", "files", "expected"), CASES.values(), ids=CASES.keys())
def test_threads_follow_the_container_s_quota(
    tmp_path: Path, own: str, files: dict[str, str], expected: int
) -> None:
    """A server that starts a thread for each core of the machine is throttled most of the time."""
    root, mine = cgroups(tmp_path, own, files)

    assert available_cpus(root, mine, affinity=8) == expected


def test_this_machine_has_at_least_one() -> None:
    """Whatever its files look like."""
    assert available_cpus() >= 1
