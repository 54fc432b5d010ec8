"""Debian packages for the build itself: installed when we are root, named when we are not."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from imagebuild.progress import Progress

APT = ("flock", "/var/lib/apt", "apt-get")
"""The local cluster installs packages too, perhaps at this moment, and apt-get does not wait for itself."""


class MissingProgramError(Exception):
    """A program is not there and cannot be installed by us; the message says what to run."""


def ensure(program: str, package: str, progress: Progress) -> None:
    """Makes sure that `program` is on the PATH.

    Raises:
        MissingProgramError: it is not, and this is no Debian, or we are not root.
    """
    if shutil.which(program):
        return
    if not shutil.which("apt-get"):
        raise MissingProgramError(
            f"{program} is needed and this is no Debian: install it, or start a Docker engine"
        )
    if os.geteuid() != 0:
        raise MissingProgramError(
            f"{program} is needed; run: sudo apt-get install --no-install-recommends {package}"
        )
    progress.say(f"installing {package}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    progress.run([*APT, "update"], environment)
    progress.run([*APT, "install", "-y", "--no-install-recommends", package], environment)


def release() -> str:
    """The code name of this machine's Debian, e.g. `bookworm`; empty where there is none."""
    with Path("/etc/os-release").open() as lines:
        names = dict(line.rstrip("\n").split("=", 1) for line in lines if "=" in line)
    return names.get("VERSION_CODENAME", "").strip('"')


def mirror(suite: str, progress: Progress) -> str:
    """The address this machine's own apt has `suite` from.

    Raises:
        MissingProgramError: apt knows no such release.
    """
    if found := _mirrors(suite):
        return found[0]
    if os.geteuid() == 0:
        progress.run([*APT, "update"])
    if found := _mirrors(suite):
        return found[0]
    raise MissingProgramError(
        f"apt knows no package list of {suite!r}: run apt-get update, or name a base image with --base"
    )


def _mirrors(suite: str) -> list[str]:
    argv = [
        "apt-get",
        "indextargets",
        "--format",
        "$(COMPONENT) $(REPO_URI)",
        "Identifier: Packages",
        f"Codename: {suite}",
    ]
    answer = subprocess.run(argv, capture_output=True, text=True, check=False)
    found = [line.partition(" ") for line in answer.stdout.splitlines()]
    return [address for component, _, address in found if component == "main"]
