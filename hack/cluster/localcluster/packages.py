"""The Debian packages whose programs a cluster calls.

Installed where that is possible (root, apt-get); named with the exact command where it is not.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping

from localcluster.errors import ClusterError
from localcluster.waiting import Progress

# program → package; the control plane alone needs no containers
CONTROL_PLANE: Mapping[str, str] = {
    "ip": "iproute2",
    "mount": "mount",
    "nsenter": "util-linux",
    "openssl": "openssl",
    "unshare": "util-linux",
}
NODE: Mapping[str, str] = {**CONTROL_PLANE, "iptables": "iptables", "runc": "runc"}
_SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def which(program: str, path: str | None = None) -> str | None:
    """Where a program is; looks into the sbin folders too, which a user's PATH often lacks."""
    folders = os.environ.get("PATH", "") if path is None else path
    return shutil.which(program, path=os.pathsep.join([folders, *_SBIN]))


def missing(programs: Mapping[str, str], find: Callable[[str], str | None] = which) -> list[str]:
    """The packages, sorted, of those programs that are not there."""
    return sorted({package for program, package in programs.items() if find(program) is None})


def install_command(packages: list[str]) -> list[str]:
    """The command that installs packages."""
    return ["apt-get", "install", "--yes", "--no-install-recommends", *packages]


def ensure(programs: Mapping[str, str], progress: Progress) -> None:
    """Install what is missing; raises ClusterError with the command to run where that cannot be done."""
    packages = missing(programs)
    if not packages:
        return
    if os.geteuid() != 0 or which("apt-get") is None:
        command = " ".join(install_command(packages))
        raise ClusterError(
            f"missing packages: {', '.join(packages)}. On Debian or Ubuntu run: sudo {command}"
        )
    progress.say(f"installing {', '.join(packages)}")
    if not _apt(install_command(packages)):
        _apt(["apt-get", "update"])  # a fresh machine knows no packages yet
        _apt(install_command(packages), must=True)


def _apt(command: list[str], *, must: bool = False) -> bool:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    # The build of the images installs packages too, perhaps at this moment; apt-get does not wait for itself.
    done = subprocess.run(
        ["flock", "/var/lib/apt", *command],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if must and done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise ClusterError(f"`{' '.join(command)}` ended with status {done.returncode}:\n{tail}")
    return done.returncode == 0
