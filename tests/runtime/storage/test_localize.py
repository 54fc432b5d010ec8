"""All or nothing: whatever happens to a pull, what is visible is a whole model or none."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.security.digest import digest_file, digest_folder
from slipway_runtime.storage.localize import (
    PARTIAL,
    RECORD,
    Artifact,
    localize,
    recorded,
    unfinished,
    verify_in_place,
)
from slipway_runtime.storage.source import Budget
from slipway_runtime.storage.staging import Staging

HERE = Path(__file__).parent
OLD = {"a": "old a", "b": "old b", "sub/c": "old sub/c"}
NEW = {"a": "new a", "b": "new b", "sub/c": "new sub/c"}


class Files:
    """A source that holds what a test says, and may fail after some of it."""

    def __init__(
        self, files: dict[str, str], *, single: bool = False, then: BaseException | None = None
    ) -> None:
        self.files = files
        self.single = single
        self.then = then

    def fetch(self, staging: Staging) -> bool:
        """Write them, and fail if asked to."""
        for name, text in self.files.items():
            path = staging.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            staging.budget.take(len(text))
            path.write_text(text)
        if self.then:
            raise self.then
        return self.single


def _pull(source: Files, dest: Path, digest: str = "") -> Artifact:
    return localize(source, "s3://b/k", dest, digest, Budget(10**6, 60, clock=lambda: 5.0))


def _contents(dest: Path) -> dict[str, str]:
    files = [path for path in dest.rglob("*") if path.is_file() and path.name != RECORD]
    return {str(path.relative_to(dest)): path.read_text() for path in files}


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    """Where models go; it does not exist yet."""
    return tmp_path / "a" / "dest"


def test_a_folder_arrives_with_its_record(dest: Path) -> None:
    """The server's metrics and the operator's status tell what came down."""
    artifact = _pull(Files(NEW), dest)
    assert _contents(dest) == NEW
    assert artifact == Artifact("s3://b/k", artifact.digest, 19, 3, single=False, seconds=0.0)
    assert artifact.digest == digest_folder(dest, [dest / name for name in NEW])
    assert recorded(dest) == artifact
    assert not unfinished(dest)


def test_a_single_file_has_the_digest_of_its_bytes(dest: Path) -> None:
    """sha256sum of the file is what people pin."""
    artifact = _pull(Files({"m.onnx": "graph"}, single=True), dest)
    assert artifact.single
    assert artifact.digest == digest_file(dest / "m.onnx")


def test_a_model_that_was_there_is_replaced_completely(dest: Path) -> None:
    """A file left over from the old model could be served, and would change the digest."""
    _pull(Files({**OLD, "only-old": "x"}), dest)
    _pull(Files(NEW), dest)
    assert _contents(dest) == NEW


def test_the_right_digest_is_accepted(dest: Path, tmp_path: Path) -> None:
    """A pin is of no use if it refuses the model it was made from."""
    digest = _pull(Files(NEW), tmp_path / "first").digest
    assert _pull(Files(NEW), dest, digest).digest == digest


def test_another_digest_is_refused_and_leaves_nothing(dest: Path) -> None:
    """The model changed under its name: the reason names both digests, and nothing can be served."""
    pinned = "sha256:" + "0" * 64
    with pytest.raises(PullFailure) as caught:
        _pull(Files(NEW), dest, pinned)
    assert (caught.value.reason, caught.value.transient) == (Reason.DIGEST_MISMATCH, False)
    assert pinned in caught.value.message
    assert list(dest.iterdir()) == []


@pytest.mark.parametrize(
    "then", [PullFailure(Reason.NOT_FOUND, "gone"), OSError(errno.EIO, "broken"), KeyboardInterrupt()]
)
def test_a_failed_pull_does_not_touch_the_model_that_is_there(dest: Path, then: BaseException) -> None:
    """A restart with the storage away must not destroy what could be served."""
    before = _pull(Files(OLD), dest)
    with pytest.raises((PullFailure, KeyboardInterrupt)):
        _pull(Files({"a": "new a"}, then=then), dest)
    assert {name: text for name, text in _contents(dest).items() if PARTIAL not in name} == OLD
    if not isinstance(then, KeyboardInterrupt):
        assert recorded(dest) == before


def test_a_failed_pull_leaves_nothing_of_its_own(dest: Path) -> None:
    """Half a model fills the volume that the next attempt needs."""
    with pytest.raises(PullFailure):
        _pull(Files(NEW, then=PullFailure(Reason.UNREACHABLE, "cut", transient=True)), dest)
    assert list(dest.iterdir()) == []


def test_an_unfinished_pull_is_seen_and_cleared_by_the_next(dest: Path) -> None:
    """What a killed pull left may be half of the old and half of the new model."""
    _pull(Files(OLD), dest)
    (dest / PARTIAL / "sub").mkdir(parents=True)
    (dest / PARTIAL / "sub" / "left").touch()
    assert unfinished(dest)
    assert recorded(dest) is None
    _pull(Files(NEW), dest)
    assert _contents(dest) == NEW
    assert not unfinished(dest)


def test_a_failure_after_an_unfinished_pull_does_not_bless_what_it_left(dest: Path) -> None:
    """Only half of the old model stands there: without the mark the server would serve it."""
    _pull(Files(OLD), dest)
    (dest / PARTIAL).mkdir()
    (dest / "b").unlink()
    with pytest.raises(PullFailure):
        _pull(Files({}, then=PullFailure(Reason.NOT_FOUND, "gone")), dest)
    assert unfinished(dest) or _contents(dest) == {}


@pytest.mark.parametrize("half_done", [[], ["half-done"]], ids=["over a model", "over half a model"])
def test_a_pull_killed_at_any_moment_leaves_no_half_model(tmp_path: Path, half_done: list[str]) -> None:
    """Out of memory, node gone: the pod that starts next must not serve a mixture."""
    program = [sys.executable, str(HERE / "pull_and_die.py"), str(tmp_path), *half_done]
    done = subprocess.run(program, check=True, capture_output=True, text=True, timeout=60)
    attempts = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(attempts) > 10
    assert [each["died"] for each in attempts] == [True] * (len(attempts) - 1) + [False]
    for each in attempts:
        left = each["left"]
        assert left["unfinished"] or left["files"] in ([OLD, NEW, {}] if not half_done else [NEW, {}]), each
        assert each["after"] == {"unfinished": False, "recorded": True, "files": NEW}, each


@pytest.mark.parametrize("spoil", ["", "null", "[]", "{}", '{"uri": 1}', "\x00", '{"digest": "x"'])
def test_a_record_that_cannot_be_read_is_no_record(dest: Path, spoil: str) -> None:
    """It is information for people; a model without it is still a model."""
    _pull(Files(NEW), dest)
    (dest / RECORD).write_text(spoil)
    assert recorded(dest) is None


def test_a_model_with_the_pinned_digest_is_kept(dest: Path) -> None:
    """A container that restarts in its pod need not fetch again."""
    artifact = _pull(Files(NEW), dest)
    assert verify_in_place(dest, artifact.digest) == artifact


def _changed(dest: Path) -> None:
    (dest / "a").write_text("other")


def _added(dest: Path) -> None:
    (dest / "more").touch()


def _removed(dest: Path) -> None:
    (dest / "a").unlink()


def _emptied(dest: Path) -> None:
    for name in NEW:
        (dest / name).unlink()


def _unmarked(dest: Path) -> None:
    (dest / RECORD).unlink()


def _cut_off(dest: Path) -> None:
    (dest / PARTIAL).mkdir()


@pytest.mark.parametrize("spoil", [_changed, _added, _removed, _emptied, _unmarked, _cut_off])
def test_a_model_that_changed_since_is_not_kept(dest: Path, spoil: Callable[[Path], None]) -> None:
    """The record says what was there; only the bytes say what is."""
    artifact = _pull(Files(NEW), dest)
    spoil(dest)
    assert verify_in_place(dest, artifact.digest) is None


def test_a_model_with_another_digest_is_not_kept(dest: Path) -> None:
    """The pin was changed."""
    _pull(Files(NEW), dest)
    assert verify_in_place(dest, "sha256:" + "0" * 64) is None


@pytest.mark.parametrize("below", ["", "below"])
def test_a_destination_that_is_a_file_is_a_typed_failure(tmp_path: Path, below: str) -> None:
    """A mount path that names a file."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(PullFailure) as caught:
        _pull(Files(NEW), tmp_path / "file" / below)
    assert caught.value.reason is Reason.NO_SPACE
    assert "cannot be written" in caught.value.message
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_named(dest: Path, number: int) -> None:
    """The remedy is a larger volume, not another key."""
    with pytest.raises(PullFailure) as caught:
        _pull(Files({"a": "x"}, then=OSError(number, "full")), dest)
    assert caught.value.reason is Reason.NO_SPACE
    assert "is full: make it larger than the model" in caught.value.message
    assert list(dest.iterdir()) == []


def test_a_link_in_the_place_of_the_partial_folder_is_not_followed(dest: Path, tmp_path: Path) -> None:
    """A predictable name must not let somebody else choose where the files go."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    dest.mkdir(parents=True)
    (dest / PARTIAL).symlink_to(elsewhere)
    _pull(Files(NEW), dest)
    assert [path.name for path in elsewhere.iterdir()] == ["precious"]
    assert _contents(dest) == NEW
