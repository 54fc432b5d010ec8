"""Images made of one program, without a registry."""

import hashlib
import json
import os
import tarfile
from pathlib import Path

import pytest

from localcluster import images


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Something that looks like a static program."""
    path = tmp_path / "server"
    path.write_bytes(os.urandom(5000))
    path.chmod(0o700)
    return path


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    assert member is not None
    return member.read()


def test_an_archive_says_truthfully_what_it_holds(program: Path, tmp_path: Path) -> None:
    """A node checks every digest and refuses the image otherwise."""
    images.write(tmp_path / "out/server.tar", "localhost/server:1", program)
    with tarfile.open(tmp_path / "out/server.tar") as archive:
        (manifest,) = json.loads(_read(archive, "manifest.json"))
        config = json.loads(_read(archive, manifest["Config"]))
        (layer,) = (_read(archive, name) for name in manifest["Layers"])
    assert manifest["RepoTags"] == ["localhost/server:1"]
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
    assert config["config"]["Entrypoint"] == ["/server"]


def test_the_program_is_there_for_a_user_who_is_not_root(program: Path, tmp_path: Path) -> None:
    """Restricted pod security forbids root; a program only root may run would not start."""
    images.write(tmp_path / "server.tar", "localhost/server:1", program)
    with tarfile.open(tmp_path / "server.tar") as archive:
        (name,) = (member.name for member in archive if member.name.endswith("layer.tar"))
        with tarfile.open(fileobj=archive.extractfile(name)) as layer:
            entry = layer.getmember("server")
            content = _read(layer, "server")
    assert entry.mode == 0o755
    assert content == program.read_bytes()
    assert not images.configuration("x", "/server")["config"]["User"].startswith("0")


def test_the_same_program_gives_the_same_bytes(program: Path, tmp_path: Path) -> None:
    """An image that differs from build to build would be loaded and rolled out for nothing."""
    images.write(tmp_path / "1.tar", "localhost/server:1", program)
    os.utime(program, (1, 1))
    images.write(tmp_path / "2.tar", "localhost/server:1", program)
    assert (tmp_path / "1.tar").read_bytes() == (tmp_path / "2.tar").read_bytes()
