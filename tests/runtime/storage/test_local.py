"""`file:` sources: copies, links, and what is no file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.storage.local import LocalSource
from slipway_runtime.storage.source import Budget
from slipway_runtime.storage.staging import Staging


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """An empty folder to fetch into."""
    (tmp_path / "target").mkdir()
    return tmp_path / "target"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with a model in it."""
    (tmp_path / "model" / "weights").mkdir(parents=True)
    (tmp_path / "model" / "model.onnx").write_text("graph")
    (tmp_path / "model" / "weights" / "0.bin").write_text("zero")
    return tmp_path / "model"


def _contents(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def _failure(path: Path | str, target: Path, budget: Budget) -> PullFailure:
    with pytest.raises(PullFailure) as caught:
        LocalSource(str(path)).fetch(Staging(target, budget))
    return caught.value


def test_a_folder_is_copied_as_it_is(model: Path, target: Path, budget: Budget) -> None:
    """Subfolders hold the weights."""
    (model / "empty").mkdir()
    assert LocalSource(str(model)).fetch(Staging(target, budget)) is False
    assert _contents(target) == {"model.onnx": "graph", "weights/0.bin": "zero"}
    assert budget.taken == len("graph" + "zero")


def test_a_file_is_copied_under_its_name(model: Path, target: Path, budget: Budget) -> None:
    """The format is told by the suffix."""
    assert LocalSource(str(model / "model.onnx")).fetch(Staging(target, budget)) is True
    assert _contents(target) == {"model.onnx": "graph"}


def test_the_copy_does_not_change_with_the_original(model: Path, target: Path, budget: Budget) -> None:
    """What was verified is what is served."""
    LocalSource(str(model)).fetch(Staging(target, budget))
    (model / "model.onnx").write_text("another")
    assert _contents(target)["model.onnx"] == "graph"


def test_links_are_followed(model: Path, target: Path, budget: Budget, tmp_path: Path) -> None:
    """A shared weights folder is often linked to; left out in silence, the model would be another one."""
    (model / "latest.onnx").symlink_to("model.onnx")
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "1.bin").write_text("one")
    (model / "more").symlink_to(shared)
    LocalSource(str(model)).fetch(Staging(target, budget))
    assert _contents(target) == {
        "model.onnx": "graph",
        "latest.onnx": "graph",
        "weights/0.bin": "zero",
        "more/1.bin": "one",
    }
    assert not any(path.is_symlink() for path in target.rglob("*"))


def test_links_that_lead_round_in_a_circle_end(model: Path, target: Path, budget: Budget) -> None:
    """The pull would run until its time is over, or the disk is full."""
    (model / "weights" / "up").symlink_to("..")
    LocalSource(str(model)).fetch(Staging(target, budget))
    assert _contents(target) == {"model.onnx": "graph", "weights/0.bin": "zero"}


@pytest.mark.parametrize("path", ["nowhere", "model.onnx/below", "x" * 300, "loop"])
def test_a_path_that_is_not_there_is_not_found(model: Path, target: Path, budget: Budget, path: str) -> None:
    """A typo is no full disk: the reason is the operator's to act on."""
    (model / "loop").symlink_to("loop")
    failure = _failure(model / path, target, budget)
    assert (failure.reason, failure.transient) == (Reason.NOT_FOUND, False)
    assert path in failure.message


def test_a_link_that_leads_nowhere_is_not_found(model: Path, target: Path, budget: Budget) -> None:
    """Half a model is none."""
    (model / "gone.bin").symlink_to("nowhere")
    assert _failure(model, target, budget).reason is Reason.NOT_FOUND


@contextmanager
def _unreadable(path: Path) -> Iterator[None]:
    """This process may not read a path: an ordinary user by its mode, root by being nobody for a while."""
    path.chmod(0)
    if os.geteuid() == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(os.getuid())
        path.chmod(0o700)


def test_a_model_without_the_right_to_read_is_access_denied(
    model: Path, target: Path, budget: Budget
) -> None:
    """Owner and mode of a volume are the usual cause."""
    with _unreadable(model):
        failure = _failure(model / "model.onnx", target, budget)
    assert (failure.reason, failure.transient) == (Reason.ACCESS_DENIED, False)
    assert "check owner and mode" in failure.message


def test_a_subfolder_without_the_right_to_read_is_access_denied(target: Path, budget: Budget) -> None:
    """Left out in silence, the rest would be served as the model."""
    with TemporaryDirectory() as shared:
        Path(shared).chmod(0o755)
        (Path(shared) / "weights").mkdir()
        with _unreadable(Path(shared) / "weights"):
            failure = _failure(shared, target, budget)
    assert failure.reason is Reason.ACCESS_DENIED


def test_a_device_is_no_model(target: Path, budget: Budget) -> None:
    """/dev/zero has no end."""
    assert _failure("/dev/zero", target, budget).reason is Reason.UNSUPPORTED_FORMAT


def test_a_pipe_in_a_folder_is_no_model(model: Path, target: Path, budget: Budget) -> None:
    """Reading it would wait for ever."""
    os.mkfifo(model / "pipe")
    assert _failure(model, target, budget).reason is Reason.UNSUPPORTED_FORMAT


def test_a_name_that_is_no_text_is_refused(model: Path, target: Path, budget: Budget) -> None:
    """File systems take any bytes; digests and logs do not."""
    Path(os.fsdecode(os.fsencode(model) + b"/\xff.bin")).touch()
    assert _failure(model, target, budget).reason is Reason.UNSUPPORTED_FORMAT


def test_a_file_larger_than_the_limit_is_refused_before_it_is_read(
    model: Path, target: Path, budget: Budget
) -> None:
    """A volume of the wrong size must not be filled first."""
    os.truncate(model / "model.onnx", budget.max_bytes + 1)
    failure = _failure(model, target, budget)
    assert failure.reason is Reason.TOO_LARGE
    assert str(budget.max_bytes) in failure.message
    assert "--max-model-bytes" in failure.message
    assert _contents(target) == {}


def test_the_limit_is_for_all_files_together(model: Path, target: Path, budget: Budget) -> None:
    """A thousand small files are one large model."""
    os.truncate(model / "model.onnx", budget.max_bytes - 1)
    assert _failure(model, target, budget).reason is Reason.TOO_LARGE
