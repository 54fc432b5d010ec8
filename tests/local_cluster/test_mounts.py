"""The cluster's view of the file system."""

from pathlib import Path

import pytest

from localcluster import mounts, sysctls
from localcluster.errors import ClusterError
from localcluster.home import Home

MOUNTINFO = r"""
22 1 0:21 / /proc rw - proc proc rw
30 1 254:0 / / rw - ext4 /dev/vda rw
31 30 254:0 /x /state/clusters/a/lib rw - ext4 /dev/vda rw
32 30 254:0 /y /state/clusters/ab rw - ext4 /dev/vda rw
33 30 254:0 /z /state/clusters/a/with\040blank rw - ext4 /dev/vda rw
""".strip()


def test_folders_are_covered_only_after_all_below_them_is_mounted(tmp_path: Path) -> None:
    """State or cache may lie under /var/lib or /run themselves, as CI servers have it."""
    commands = mounts.setup(Home(tmp_path), Path("/var/lib/ci/cache/bin/cluster-1"))
    targets = [command[-1] for command in commands]
    covered = [targets.index(folder) for folder in ("/run", "/var/lib", "/var/log")]
    assert targets.index(f"{tmp_path}/run/slipway/bin") < min(covered)
    assert targets[max(covered) + 1 :] == ["/"]


def test_mounts_below_a_folder_are_found() -> None:
    """Removing a folder would remove what is mounted in it: somebody's own files."""
    found = mounts.below(Path("/state/clusters/a"), MOUNTINFO)
    assert found == [Path("/state/clusters/a/lib"), Path("/state/clusters/a/with blank")]


def test_a_folder_with_a_mount_is_not_removed() -> None:
    """The message names the command that makes it safe."""
    with pytest.raises(ClusterError, match=r"umount /proc"):
        mounts.require_none(Path("/proc"))


def test_the_kubelet_finds_the_machines_settings_as_it_wants_them(tmp_path: Path) -> None:
    """It then leaves the machine's own alone: nothing to restore, also after a crash."""
    home = Home(tmp_path)
    sysctls.write_masks(home)
    for line in sysctls.mounts(home):
        source, target = Path(line[2]), Path(line[3])
        assert target.is_file()
        assert source.read_text().strip() == sysctls.WANTED[str(target.relative_to("/proc/sys"))]
