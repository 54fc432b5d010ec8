"""Digests: what a pin holds, computed by two programs that never saw each other."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.security.digest import digest_file, digest_folder, parse_digest

DOCUMENTED = "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _digest(folder: Path) -> str:
    return digest_folder(folder, _files(folder))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model of several files, with names that sort differently in different languages."""
    for name in ("model.onnx", "w/0.bin", "w/10.bin", "w/9.bin", "Z", "a", "é", "a b", "a-b"):
        path = tmp_path / "model" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}")
    return tmp_path / "model"


def test_a_files_digest_is_its_sha256(tmp_path: Path) -> None:
    """People compute it with sha256sum."""
    (tmp_path / "f").write_bytes(b"abc")
    assert digest_file(tmp_path / "f") == "sha256:" + hashlib.sha256(b"abc").hexdigest()


def test_a_folders_digest_is_what_the_documented_command_prints(folder: Path) -> None:
    """So that a pipeline can pin a model without this program."""
    printed = subprocess.run(
        ["bash", "-c", DOCUMENTED], cwd=folder, check=True, capture_output=True, text=True
    ).stdout
    assert _digest(folder) == f"sha256:{printed.split()[0]}"


def test_the_order_of_files_does_not_matter(folder: Path) -> None:
    """File systems list in any order."""
    files = _files(folder)
    assert digest_folder(folder, files) == digest_folder(folder, reversed(files))


def test_modes_and_times_do_not_matter(folder: Path) -> None:
    """They change with every copy."""
    before = _digest(folder)
    (folder / "a").chmod(0o755)
    os.utime(folder / "a", (0, 0))
    assert _digest(folder) == before


def _added(folder: Path) -> None:
    (folder / "new").touch()


def _removed(folder: Path) -> None:
    (folder / "a").unlink()


def _renamed(folder: Path) -> None:
    (folder / "a").rename(folder / "b")


def _moved(folder: Path) -> None:
    (folder / "a").rename(folder / "w" / "a")


def _swapped(folder: Path) -> None:
    (folder / "a").rename(folder / "t")
    (folder / "Z").rename(folder / "a")
    (folder / "t").rename(folder / "Z")


def _changed(folder: Path) -> None:
    (folder / "a").write_text("content of A")


@pytest.mark.parametrize("change", [_added, _removed, _renamed, _moved, _swapped, _changed])
def test_every_change_of_a_folder_changes_its_digest(folder: Path, change: Callable[[Path], None]) -> None:
    """A pin that misses one of these pins nothing."""
    before = _digest(folder)
    change(folder)
    assert _digest(folder) != before


FOLDERS = st.dictionaries(
    st.text("ab\n ", min_size=1, max_size=2), st.sampled_from([b"", b"a", b"b"]), min_size=1, max_size=2
)


@given(FOLDERS, FOLDERS)
def test_two_folders_have_one_digest_only_if_they_are_equal(
    tmp_path_factory: pytest.TempPathFactory, one: dict[str, bytes], other: dict[str, bytes]
) -> None:
    """No name can imitate another file's line in the manifest."""
    digests = []
    for contents in (one, other):
        folder = tmp_path_factory.mktemp("folder")
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        digests.append(_digest(folder))
    assert (digests[0] == digests[1]) == (one == other)


@pytest.mark.parametrize("digest", ["sha256:" + "0" * 64, "sha256:" + "abcdef0123456789" * 4])
def test_a_digest_is_taken_as_written(digest: str) -> None:
    """The only spelling there is."""
    assert parse_digest(digest) == digest


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256:",
        "0" * 64,
        "sha256:" + "0" * 63,
        "sha256:" + "0" * 65,
        "sha256:" + "A" * 64,
        "sha256:" + "g" * 64,
        "SHA256:" + "0" * 64,
        "sha512:" + "0" * 64,
        "sha256:" + "0" * 64 + "\n",
        " sha256:" + "0" * 64,
        "sha256:../../../../etc/passwd",
        "sha256:" + "\N{ARABIC-INDIC DIGIT ZERO}" * 64,
    ],
)
def test_anything_else_is_no_digest(text: str) -> None:
    """A digest that was used as a path without this check let attackers write files."""
    with pytest.raises(PullFailure) as caught:
        parse_digest(text)
    assert caught.value.reason is Reason.INVALID_SETTINGS
    assert "64 lower-case hex digits" in caught.value.message
    assert "etc" not in caught.value.message
