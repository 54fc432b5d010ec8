"""`cluster load`: an image from a file, or by name from buildah's or Docker's local storage, to the node."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from localcluster.errors import ClusterError
from localcluster.packages import which

# tool → does it have the image?, save the image to a file
TOOLS: dict[str, tuple[Callable[[str], list[str]], Callable[[str, str], list[str]]]] = {
    "buildah": (
        lambda name: ["buildah", "inspect", "--type", "image", name],
        lambda name, file: ["buildah", "push", "--quiet", name, f"docker-archive:{file}:{name}"],
    ),
    "podman": (
        lambda name: ["podman", "image", "exists", name],
        lambda name, file: ["podman", "save", "--quiet", "--output", file, name],
    ),
    "docker": (
        lambda name: ["docker", "image", "inspect", name],
        lambda name, file: ["docker", "save", "--output", file, name],
    ),
}


@contextmanager
def archive(image: str, find: Callable[[str], str | None] = which) -> Iterator[Path]:
    """An archive of an image, which is a file's path or a name in a local storage."""
    if Path(image).is_file():
        yield Path(image)
        return
    tool = _holder(image, find)
    with tempfile.TemporaryDirectory(prefix="slipway-load-") as folder:
        file = f"{folder}/image.tar"
        done = _run(TOOLS[tool][1](image, file))
        if done.returncode != 0:
            raise ClusterError(f"{tool} did not save {image}: {done.stderr.strip()}")
        yield Path(file)


def _holder(image: str, find: Callable[[str], str | None]) -> str:
    present = [tool for tool in TOOLS if find(tool)]
    for tool in present:
        if _run(TOOLS[tool][0](image)).returncode == 0:
            return tool
    places = ", ".join(present) or "no tool that could hold it: neither buildah nor podman nor docker"
    raise ClusterError(f"{image!r} is no file, and no image of that name was found (asked: {places})")


def _run(command: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False)
