"""The cluster's view of the file system: the machine's, with its own /run, /var/lib and /var/log."""

from pathlib import Path

from localcluster import sysctls
from localcluster.errors import ClusterError
from localcluster.home import Home

MOUNTINFO = Path("/proc/self/mountinfo")


def setup(home: Home, programs: Path) -> list[list[str]]:
    """Commands that PID 1 runs first in its mount namespace; `programs` is the folder of the build.

    What lies below another folder is mounted first, while all paths still mean the machine's.
    """
    return [
        ["mount", "-t", "proc", "proc", "/proc"],
        *sysctls.mounts(home),
        ["mount", "--bind", str(programs), str(home.inside / "bin")],
        ["mount", "--bind", str(home.lib), "/var/lib"],
        ["mount", "--bind", str(home.log), "/var/log"],
        ["mount", "--rbind", str(home.run), "/run"],
        ["mount", "--make-rshared", "/"],  # as the kubelet wants it; shared inside this namespace only
    ]


def below(folder: Path, mountinfo: str) -> list[Path]:
    """Mount points at or below a folder, from the text of /proc/self/mountinfo."""
    points = [Path(_unescape(line.split()[4])) for line in mountinfo.splitlines()]
    return [point for point in points if point.is_relative_to(folder)]


def require_none(folder: Path) -> None:
    """Raise ClusterError when something is mounted below a folder that is to be removed."""
    if points := below(folder, MOUNTINFO.read_text()):
        listed = " ".join(map(str, points))
        raise ClusterError(
            f"something is mounted below {folder}, removing it would remove that too: umount {listed}"
        )


def _unescape(field: str) -> str:
    return field.encode().decode("unicode_escape")  # the kernel writes blanks as \040
