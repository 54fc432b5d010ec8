from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from crd_schema import ROOT
from imagebuild.inputs import IMAGES, image, input_files


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of everything that images are made of."""
    for path in {ROOT / "pyproject.toml", *(each for name in IMAGES for each in input_files(name))}:
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return tmp_path


@pytest.mark.parametrize(
    "path",
    [
        "operator/Dockerfile",
        "operator/requirements.txt",
        "operator/src/slipway_operator/api/names.py",
        "hack/images/install-packages",
        "LICENSE",
        ".dockerignore",
    ],
)
def test_a_changed_file_gives_a_new_tag(tree: Path, path: str) -> None:
    """A node that has the tag does not pull again: equal tags have to mean equal bytes."""
    before = image("operator", "base", tree)
    with (tree / path).open("a") as file:
        file.write("\n")
    assert image("operator", "base", tree).tag != before.tag


def test_a_new_a_renamed_and_a_newly_executable_file_give_new_tags(tree: Path) -> None:
    """Not only the contents of files are in an image."""
    package = tree / "operator" / "src" / "slipway_operator"
    tags = [image("operator", "base", tree).tag]
    (package / "first.py").write_text("")
    tags.append(image("operator", "base", tree).tag)
    (package / "first.py").rename(package / "second.py")
    tags.append(image("operator", "base", tree).tag)
    (package / "second.py").chmod(0o755)
    tags.append(image("operator", "base", tree).tag)
    assert len(set(tags)) == len(tags)


def test_another_base_or_version_gives_a_new_tag(tree: Path) -> None:
    """A base with a security fix has to reach the nodes."""
    before = image("operator", "base", tree)
    assert image("operator", "base-2", tree).tag != before.tag
    project = tree / "pyproject.toml"
    project.write_text(
        re.sub(r'^version = ".*"', 'version = "9.9.9"', project.read_text(), flags=re.MULTILINE)
    )
    after = image("operator", "base", tree)
    assert after.tag.startswith("9.9.9-")
    assert after.tag.partition("-")[2] != before.tag.partition("-")[2]


def test_what_is_not_in_the_image_does_not_change_its_tag(tree: Path) -> None:
    """Otherwise every edit anywhere would build and load both images again."""
    before = image("operator", "base", tree)
    (tree / "runtime" / "requirements.txt").write_text("")
    cache = tree / "operator" / "src" / "slipway_operator" / "__pycache__"
    cache.mkdir()
    (cache / "cli.cpython-311.pyc").write_bytes(b"\0")
    (tree / "README.md").write_text("")
    assert image("operator", "base", tree) == before


def test_names_are_such_that_no_registry_is_asked() -> None:
    """`slipway/operator` alone would be looked for on a public registry, where anybody may put it."""
    for name in IMAGES:
        built = image(name, "base")
        assert all(
            re.fullmatch(rf"localhost/slipway/{name}:[\w.-]{{1,128}}", each) for each in built.references
        )
        assert f"{built.repository}:{built.version}" in built.references
