"""Docker and buildah behind one face: is a base there, take one from a file, build, write an archive.

Docker is taken when its engine answers. Else buildah, in `chroot` isolation on the machine's own network: it
needs no daemon, no user namespace and no bridge, so it works inside containers and small virtual machines.
Its storage lies in our cache, not in the machine's, so removing the cache removes all of it.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from imagebuild import archive, debian
from imagebuild.inputs import TREE, Image
from imagebuild.progress import Progress, StepFailedError


class Engine(Protocol):
    """What builds images."""

    @property
    def name(self) -> str:
        """What its users call it."""

    def ready(self) -> None:
        """Makes sure that it can be used."""

    def holds(self, reference: str) -> bool:
        """Whether it has the image `reference`."""

    def pull(self, reference: str) -> bool:
        """Whether a registry gave it the image `reference`."""

    def load(self, path: Path) -> None:
        """Takes an image from the docker-archive at `path`."""

    def build(self, image: Image, base: str, secrets: Mapping[str, Path], target: Path) -> None:
        """Builds `image` on `base` and writes a docker-archive with both its names to `target`."""


@dataclass(frozen=True)
class Docker:
    """A Docker engine, local or remote, with BuildKit."""

    progress: Progress
    name: str = "docker"

    def ready(self) -> None:
        """It answered when it was chosen."""

    def holds(self, reference: str) -> bool:
        """See `Engine`."""
        return _succeeds(["docker", "image", "inspect", reference])

    def pull(self, reference: str) -> bool:
        """See `Engine`."""
        return _runs(self.progress, ["docker", "pull", "--quiet", reference])

    def load(self, path: Path) -> None:
        """See `Engine`."""
        self.progress.run(["docker", "load", "--quiet", "--input", path])

    def build(self, image: Image, base: str, secrets: Mapping[str, Path], target: Path) -> None:
        """See `Engine`."""
        names = [f"--tag={reference}" for reference in image.references]
        self.progress.run(
            ["docker", "build", "--progress=plain", *names, *_arguments(image, base, secrets), TREE]
        )
        self.progress.run(["docker", "save", "--output", target, *image.references])


@dataclass(frozen=True)
class Buildah:
    """Buildah with storage of its own under `storage`."""

    progress: Progress
    storage: Path
    name: str = "buildah"

    def ready(self) -> None:
        """See `Engine`; as root on Debian, installs it.

        Raises:
            debian.MissingProgramError: it is missing and cannot be installed.
        """
        debian.ensure("buildah", "buildah", self.progress)

    def holds(self, reference: str) -> bool:
        """See `Engine`."""
        return _succeeds(self._command("inspect", "--type=image", reference))

    def pull(self, reference: str) -> bool:
        """See `Engine`."""
        return _runs(self.progress, self._command("pull", "--quiet", reference))

    def load(self, path: Path) -> None:
        """See `Engine`."""
        self.progress.run(self._command("pull", "--quiet", f"docker-archive:{path}"))

    def build(self, image: Image, base: str, secrets: Mapping[str, Path], target: Path) -> None:
        """See `Engine`."""
        options = [
            "--isolation=chroot",
            "--network=host",
            "--layers",
            "--force-rm",
            "--timestamp=0",
            f"--tag={image.reference}",
        ]
        self.progress.run(self._command("build", *options, *_arguments(image, base, secrets), str(TREE)))
        one_name = target.with_suffix(".one-name")
        self.progress.run(self._command("push", "--quiet", image.reference, f"docker-archive:{one_name}"))
        archive.renamed(one_name, target, image.references)
        one_name.unlink()

    def _command(self, verb: str, *arguments: str) -> list[str]:
        folders = [f"--root={self.storage / 'root'}", f"--runroot={self.storage / 'run'}"]
        return ["buildah", *folders, verb, *arguments]


def choose(wanted: str, cache: Path, progress: Progress) -> Engine:
    """The engine called `wanted`; for `auto`, docker when an engine answers, else buildah."""
    if wanted == "docker" or (wanted == "auto" and docker_answers()):
        return Docker(progress)
    return Buildah(progress, cache / "buildah")


def docker_answers() -> bool:
    """Whether there is a Docker command and an engine behind it."""
    return shutil.which("docker") is not None and _succeeds(
        ["docker", "version", "--format", "{{.Server.Version}}"]
    )


def _arguments(image: Image, base: str, secrets: Mapping[str, Path]) -> list[str]:
    return [
        f"--file={TREE / image.dockerfile}",
        f"--build-arg=BASE_IMAGE={base}",
        f"--build-arg=VERSION={image.version}",
        *(f"--secret=id={name},src={path}" for name, path in secrets.items()),
    ]


def _succeeds(argv: list[str]) -> bool:
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def _runs(progress: Progress, argv: list[str]) -> bool:
    try:
        progress.run(argv)
    except StepFailedError:
        return False
    return True
