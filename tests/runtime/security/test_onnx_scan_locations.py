"""Where a tensor's bytes may lie: in plain files of one name, inside the model's folder, and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import onnx_models
from slipway_runtime.errors import LoadFailure, Reason
from slipway_runtime.security.onnx_scan import scan

OUTSIDE = [
    "../secret",
    "..",
    ".",
    "./w.bin",
    "a/../w.bin",
    "a/../../secret",
    "a/b/../../../secret",
    "/etc/passwd",
    "//etc/passwd",
    "/proc/self/environ",
    "a//w.bin",
    "a/",
    "",
    " ../secret\n",
    "..\\secret",
    "a\\..\\..\\secret",
    "C:\\secret",
    "\\\\host\\share",
    "w.bin\x00",
    "w.bin\x00../secret",
    "w\x1b.bin",
    "w\u200b.bin",
    "*/_ORT_MEM_ADDR_/*",
    "a/*",
    "file:///etc/passwd",
    "http://169.254.169.254/",
]
ABSENT = [
    "secret",
    "file:",
    "~/secret",
    "$HOME/secret",
    "%2e%2e/secret",
    "..%2fsecret",
    "。。/secret",
    "…/secret",
    "x" * 300,
    "/".join("x" * 2000),
    "W.BIN",
    "w.bin ",
    "w.bin/x",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's folder with a weight file, and a secret beside the folder."""
    (tmp_path / "secret").write_text("canary")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "w.bin").write_bytes(bytes(8))
    return folder


def _scan(folder: Path, location: str) -> None:
    scan(onnx_models.save(onnx_models.with_external_weight(location), folder / "model.onnx"))


def _refusal(folder: Path, location: str) -> str:
    with pytest.raises(LoadFailure) as caught:
        _scan(folder, location)
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT
    assert caught.value.message.isascii()
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 400
    return caught.value.message


@pytest.mark.parametrize("location", OUTSIDE)
def test_a_location_that_leads_outside_is_refused(folder: Path, location: str) -> None:
    """A model would hand out the files of its server through its own outputs."""
    (folder / "a").mkdir()
    assert "must be a relative path inside the model's folder" in _refusal(folder, location)


@pytest.mark.parametrize("location", ABSENT)
def test_a_location_that_does_not_exist_is_refused(folder: Path, location: str) -> None:
    """No spelling is interpreted: what is no file of that very name is not there."""
    assert "which the model's folder does not have" in _refusal(folder, location)


def test_a_link_to_a_file_is_refused(folder: Path) -> None:
    """The link may lead anywhere, and may be changed after the check."""
    (folder / "link.bin").symlink_to("../secret")
    assert "behind the link" in _refusal(folder, "link.bin")


def test_a_link_to_a_folder_is_refused(folder: Path) -> None:
    """Only the last part of a path looked plain: a published bypass."""
    (folder / "sub").symlink_to("..")
    assert "behind the link" in _refusal(folder, "sub/secret")


def test_a_link_inside_the_folder_is_refused_too(folder: Path) -> None:
    """No link is followed, so none has to be judged."""
    (folder / "link.bin").symlink_to("w.bin")
    assert "behind the link" in _refusal(folder, "link.bin")


def test_a_link_that_leads_nowhere_is_refused(folder: Path) -> None:
    """It could lead somewhere a moment later."""
    (folder / "link.bin").symlink_to("nowhere")
    assert "behind the link" in _refusal(folder, "link.bin")


def test_a_file_with_a_second_name_is_refused(folder: Path) -> None:
    """A hard link to a secret looks like a plain file inside the folder."""
    os.link(folder.parent / "secret", folder / "hard.bin")
    assert "not a plain file of one name" in _refusal(folder, "hard.bin")


def test_a_folder_is_no_weight_file(folder: Path) -> None:
    """Opening it would fail in the engine with a worse text."""
    (folder / "sub").mkdir()
    assert "not a plain file of one name" in _refusal(folder, "sub")


def test_a_pipe_is_no_weight_file(folder: Path) -> None:
    """Opening it would wait for ever."""
    os.mkfifo(folder / "pipe")
    assert "not a plain file of one name" in _refusal(folder, "pipe")


@pytest.mark.parametrize("location", ["w.bin", "a/b/w.bin", "…w.bin", "w é.bin", "..w.bin", "a..b/w.bin"])
def test_a_plain_file_inside_the_folder_is_fine(folder: Path, location: str) -> None:
    """Names with dots and accents are names."""
    (folder / location).parent.mkdir(parents=True, exist_ok=True)
    (folder / location).write_bytes(bytes(8))
    _scan(folder, location)
