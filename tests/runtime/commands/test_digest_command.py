"""`slipway-runtime digest`: what is printed is the pin that a pull accepts."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pull_command import PullCommand
from slipway_runtime.cli import main


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with a model in it."""
    (tmp_path / "model" / "weights").mkdir(parents=True)
    (tmp_path / "model" / "model.onnx").write_text("graph")
    (tmp_path / "model" / "weights" / "0.bin").write_text("zero")
    return tmp_path / "model"


@pytest.mark.parametrize("name", ["", "model.onnx"])
def test_the_digest_of_a_path_is_what_a_pull_of_it_accepts(
    pull: PullCommand, model: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """A pipeline pins what it uploads, before anything has pulled it."""
    (model / "weights" / "latest.bin").symlink_to("0.bin")
    assert main(["digest", str(model / name)]) == 0
    digest = capsys.readouterr().out.strip()
    assert pull(f"file:{model / name}", "--digest", digest).code == 0


def test_the_digest_of_a_file_is_its_checksum(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """sha256sum says the same."""
    assert main(["digest", str(model / "model.onnx")]) == 0
    assert capsys.readouterr().out == f"sha256:{hashlib.sha256(b'graph').hexdigest()}\n"


@pytest.mark.parametrize(("name", "code"), [("nowhere", 11), ("empty", 11), ("\x07bell", 15)])
def test_a_path_without_a_model_is_told(
    model: Path, capsys: pytest.CaptureFixture[str], name: str, code: int
) -> None:
    """No digest is printed that a script could take for one."""
    (model / "empty").mkdir()
    if code == 15:
        (model / name).mkdir()
        (model / name / "a\x07b").touch()
    assert main(["digest", str(model / name)]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("slipway-runtime digest: ")
