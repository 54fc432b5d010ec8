"""Control groups: found by what is mounted, removed whatever is left in them."""

from pathlib import Path

import pytest

from localcluster import cgroups
from localcluster.errors import ClusterError

HYBRID = """\
proc /proc proc rw 0 0
tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
"""
UNIFIED = "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n"


def test_on_a_machine_with_both_versions_the_first_holds_the_controllers() -> None:
    """The kubelet looks for its group where the controllers are."""
    assert cgroups.with_controllers(HYBRID) == [Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup/memory")]


def test_a_machine_with_version_2_alone_has_one_hierarchy() -> None:
    """Most machines of today."""
    assert cgroups.with_controllers(UNIFIED) == [Path("/sys/fs/cgroup")]


def test_a_machine_without_control_groups_is_told_so() -> None:
    """Some containers mount none; the kubelet's own message would be far from the cause."""
    with pytest.raises(ClusterError, match="no control groups are mounted"):
        cgroups.with_controllers("proc /proc proc rw 0 0\n")


def test_groups_are_removed_wherever_there_are_any() -> None:
    """On a machine with both versions runc makes groups in both."""
    assert Path("/sys/fs/cgroup/unified") in cgroups.everywhere(HYBRID)
    assert Path("/sys/fs/cgroup/cpu") in cgroups.everywhere(HYBRID)


def test_a_new_group_inherits_its_processors(tmp_path: Path) -> None:
    """An empty cpuset takes no process, and no pod would start."""
    for attribute in ("cpuset.cpus", "cpuset.mems"):
        (tmp_path / attribute).write_text("0-1\n")
    cgroups.create("slipway.x", [tmp_path])
    assert (tmp_path / "slipway.x" / "cpuset.cpus").read_text() == "0-1\n"
    assert (tmp_path / "slipway.x" / "cpuset.mems").read_text() == "0-1\n"


@pytest.mark.parametrize(("attribute", "common"), [("cpu.shares", 1024), ("cpu.weight", 100)])
def test_pods_weigh_more_than_one_daemon(tmp_path: Path, attribute: str, common: int) -> None:
    """All pods together would else get as much of a busy processor as containerd alone."""
    group = tmp_path / "slipway.x"
    group.mkdir()
    (group / attribute).write_text(f"{common}\n")  # as the kernel makes it
    cgroups.create("slipway.x", [tmp_path])
    assert int((group / attribute).read_text()) > common
    assert [path.name for path in group.iterdir()] == [attribute]


def test_version_2_hands_its_controllers_down(tmp_path: Path) -> None:
    """Without that the kubelet finds a group in which nothing can be limited."""
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    (tmp_path / "cgroup.subtree_control").write_text("")
    cgroups.create("slipway.x", [tmp_path])
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+pids"


def test_groups_are_removed_deepest_first_and_others_stay(tmp_path: Path) -> None:
    """`down` leaves no group of its own behind and touches nobody else's."""
    for folder in ("slipway.x/kubepods/pod1/c1", "slipway.x/kubepods/pod2", "slipway.x2", "docker/c"):
        (tmp_path / folder).mkdir(parents=True)
    cgroups.remove("slipway.x", [tmp_path, tmp_path / "not-here"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docker", "slipway.x2"]


def test_a_group_that_is_still_busy_is_tried_again(tmp_path: Path) -> None:
    """The kernel keeps a group for a moment after its last process."""
    (tmp_path / "slipway.x").mkdir()
    refusals = iter([True, True])

    def rmdir(folder: Path) -> None:
        if next(refusals, False):
            raise OSError(16, "Device or resource busy")
        folder.rmdir()

    cgroups.remove("slipway.x", [tmp_path], rmdir)
    assert not (tmp_path / "slipway.x").exists()
