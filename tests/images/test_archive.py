from __future__ import annotations

import hashlib
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from imagebuild import archive

REFERENCE = "localhost/slipway/base:1"
ENVIRONMENT = {"PATH": "/usr/bin", "LANG": "C.UTF-8"}


def make_root(folder: Path) -> Path:
    """A small file system with all that a Debian has in it."""
    root = folder / "root"
    (root / "usr" / "bin").mkdir(parents=True)
    (root / "usr" / "bin" / "tool").write_text("#!/bin/sh\n")
    (root / "usr" / "bin" / "tool").chmod(0o4755)
    (root / "bin").symlink_to("usr/bin")
    os.link(root / "usr" / "bin" / "tool", root / "usr" / "bin" / "same")
    os.mkfifo(root / "pipe")
    return root


def manifest_of(path: Path) -> dict[str, Any]:
    """The one image in a docker-archive."""
    with tarfile.open(path) as tar:
        (image,) = json.load(tar.extractfile("manifest.json") or pytest.fail("no manifest"))
    assert isinstance(image, dict)
    return image


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """An archive of a small file system."""
    target = tmp_path / "image.tar"
    archive.from_folder(make_root(tmp_path), target, REFERENCE, ENVIRONMENT)
    return target


def test_an_archive_is_an_image_that_engines_and_containerd_take(made: Path) -> None:
    """They check the layer against the configuration's digest and refuse what differs."""
    image = manifest_of(made)
    assert image["RepoTags"] == [REFERENCE]
    with tarfile.open(made) as tar:
        config = json.load(tar.extractfile(image["Config"]) or pytest.fail("no configuration"))
        (layer,) = image["Layers"]
        content = (tar.extractfile(layer) or pytest.fail("no layer")).read()
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(content).hexdigest()}"]
    assert config["config"]["Env"] == ["LANG=C.UTF-8", "PATH=/usr/bin"]
    assert config["os"] == "linux"


def test_a_file_system_comes_through_as_it_was(made: Path) -> None:
    """A lost set-uid bit, link or directory shows as a program that does not work in a pod."""
    with (
        tarfile.open(made) as tar,
        tarfile.open(fileobj=tar.extractfile(manifest_of(made)["Layers"][0])) as layer,
    ):
        entries = {each.name: each for each in layer}
    files = [entries["usr/bin/same"], entries["usr/bin/tool"]]
    assert sorted(each.islnk() for each in files) == [False, True]
    assert entries["usr/bin/tool"].mode & 0o7777 == 0o4755
    assert entries["bin"].linkname == "usr/bin"
    assert "pipe" not in entries


def test_two_archives_of_one_file_system_are_equal_bytes(tmp_path: Path, made: Path) -> None:
    """Whoever builds it again can prove that nothing else got in."""
    other = tmp_path / "other"
    other.mkdir()
    root = make_root(other)
    os.utime(root / "usr" / "bin" / "tool", (1, 1))
    archive.from_folder(root, other / "image.tar", REFERENCE, dict(reversed(ENVIRONMENT.items())))
    assert (other / "image.tar").read_bytes() == made.read_bytes()


def test_a_renamed_image_is_the_same_image(tmp_path: Path, made: Path) -> None:
    """Only its names may change: pods that run are compared by the image's own digest."""
    target = tmp_path / "renamed.tar"
    archive.renamed(made, target, ["localhost/a:1", "localhost/a:2"])
    before, after = manifest_of(made), manifest_of(target)
    assert after.pop("RepoTags") == ["localhost/a:1", "localhost/a:2"]
    assert before.pop("RepoTags")
    assert after == before
    with tarfile.open(made) as old, tarfile.open(target) as new:
        for name in (after["Config"], *after["Layers"]):
            assert _bytes(old, name) == _bytes(new, name)


def _bytes(tar: tarfile.TarFile, name: str) -> bytes:
    stream = tar.extractfile(name)
    assert stream is not None
    return stream.read()
