"""What an image is made of, and the tag that says so.

An image's tag is its version and a hash of every file that can change it, of the version and of its base.
So equal tags mean equal inputs: an image whose archive exists is not built again, a node that has the tag
(`imagePullPolicy: IfNotPresent`) has the right bytes, and a changed line of source gives a new tag. Besides
it each image bears the plain version, which is what the chart asks for unless it is told otherwise.

The names begin with `localhost/`: no registry is ever asked for them.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TREE: Final = Path(__file__).resolve().parents[3]
IMAGES: Final = ("operator", "runtime")


@dataclass(frozen=True, kw_only=True)
class Image:
    """One image: `name` is its folder, `reference` its full name with the content tag."""

    name: str
    version: str
    tag: str

    @property
    def repository(self) -> str:
        """The name without a tag."""
        return f"localhost/slipway/{self.name}"

    @property
    def reference(self) -> str:
        """The name that stands for exactly these inputs."""
        return f"{self.repository}:{self.tag}"

    @property
    def references(self) -> tuple[str, str]:
        """Both names: of the inputs, and of the version."""
        return self.reference, f"{self.repository}:{self.version}"

    @property
    def dockerfile(self) -> str:
        """Path of the Dockerfile from the top of the tree."""
        return f"{self.name}/Dockerfile"


def image(name: str, base: str, tree: Path = TREE) -> Image:
    """The image `name` of the files as they are now in `tree`, on the base image called `base`."""
    version = _version(tree)
    digest = hashlib.sha256()
    for part in (name, version, base):
        digest.update(part.encode() + b"\0")
    for path in sorted(input_files(name, tree)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(tree)}\0{path.stat().st_mode & 0o111:o}\0{len(content)}\0".encode())
        digest.update(content)
    return Image(name=name, version=version, tag=f"{version}-{digest.hexdigest()[:12]}")


def input_files(name: str, tree: Path = TREE) -> Iterator[Path]:
    """Every file that the Dockerfile of `name` copies, and the Dockerfile."""
    yield tree / ".dockerignore"
    yield tree / "LICENSE"
    yield tree / name / "Dockerfile"
    yield tree / name / "requirements.txt"
    yield tree / "hack/images/install-packages"
    yield tree / "hack/images/install-source"
    for path in (tree / name / "src" / f"slipway_{name}").rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            yield path


def _version(tree: Path) -> str:
    project = tomllib.loads((tree / "pyproject.toml").read_text())["project"]
    return str(project["version"])
