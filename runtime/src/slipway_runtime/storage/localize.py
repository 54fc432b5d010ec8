"""Makes a fetch all or nothing.

DEST may be a mounted volume, which no rename can replace. So the files are fetched into
`DEST/.slipway-partial`, verified there, and moved out; `.slipway-artifact.json`, which says what they are,
is written; and last the partial folder goes. A DEST that has a partial folder is not a model: the server
refuses it and the next pull starts over. Killed at any moment, DEST holds either no model, or one that says
it is unfinished, or a whole one. So the partial folder is never removed while something half moved may lie
beside it: a pull that finds one clears DEST first and keeps the folder.
"""

from __future__ import annotations

import errno
import json
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.security.digest import digest_file, digest_folder

if TYPE_CHECKING:
    from pathlib import Path

    from slipway_runtime.storage.source import Budget, Source

PARTIAL = ".slipway-partial"
RECORD = ".slipway-artifact.json"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class Artifact:
    """A model that is on disk.

    Attributes:
        uri: where it came from, redacted.
        digest: see security.digest.
        size_bytes: of all files.
        files: how many.
        single: the URI named one file.
        seconds: the pull took.
    """

    uri: str
    digest: str
    size_bytes: int
    files: int
    single: bool
    seconds: float


def localize(source: Source, uri: str, dest: Path, digest: str, budget: Budget) -> Artifact:
    """Fetch into `dest`, replacing a model that is there.

    Args:
        source: the place it comes from.
        uri: redacted, for the record.
        dest: folder, made when it is missing.
        digest: the pin; empty accepts any model.
        budget: limits, and the clock.

    Raises:
        PullFailure: any reason; what was fetched is gone again.
    """
    partial = dest / PARTIAL
    try:
        _begin(dest, partial)
        artifact = _fetch(source, partial, uri, digest, budget)
        _publish(partial, dest, artifact)
    except OSError as error:
        raise _disk_failure(error, dest) from error
    return artifact


def _begin(dest: Path, partial: Path) -> None:
    if partial.is_symlink() or not partial.is_dir():
        _clear(partial)
        partial.mkdir(parents=True, mode=0o755)
        return
    _empty(dest)
    for left in partial.iterdir():
        _clear(left)


def _fetch(source: Source, partial: Path, uri: str, digest: str, budget: Budget) -> Artifact:
    """Fetch and verify; where that fails, DEST is as it was before."""
    started = budget.clock()
    try:
        single = source.fetch(partial, budget)
        return _verify(partial, uri, digest, single=single, seconds=budget.clock() - started)
    except (OSError, PullFailure):
        with suppress(OSError):  # what cannot be written cannot be cleared either
            _clear(partial)
        raise


def recorded(dest: Path) -> Artifact | None:
    """What a finished pull said about `dest`; None where there was none."""
    if (dest / PARTIAL).exists():
        return None
    try:
        return Artifact(**json.loads((dest / RECORD).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def unfinished(dest: Path) -> bool:
    """True where a pull was cut off, or is under way."""
    return (dest / PARTIAL).exists()


def verify_in_place(dest: Path, digest: str) -> Artifact | None:
    """The model that is already at `dest`, if its bytes have that digest now."""
    artifact = recorded(dest)
    if artifact is None or artifact.digest != digest:
        return None
    files = _files(dest)
    if not files:
        return None
    return artifact if _digest(dest, files, single=artifact.single) == digest else None


def _verify(partial: Path, uri: str, digest: str, *, single: bool, seconds: float) -> Artifact:
    files = _files(partial)
    size = sum(path.stat().st_size for path in files)
    found = _digest(partial, files, single=single)
    if digest and found != digest:
        raise PullFailure(
            Reason.DIGEST_MISMATCH,
            f"'{uri}' has digest {found}, {digest} was asked for: the model changed, or the pin is wrong",
        )
    return Artifact(uri, found, size, len(files), single, round(seconds, 3))


def _digest(folder: Path, files: list[Path], *, single: bool) -> str:
    return digest_file(files[0]) if single else digest_folder(folder, files)


def _files(folder: Path) -> list[Path]:
    """The model's files; what begins with .slipway- at the top is ours."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.relative_to(folder).parts[0].startswith(".slipway-")
    ]


def _publish(partial: Path, dest: Path, artifact: Artifact) -> None:
    _empty(dest)
    for entry in sorted(partial.iterdir()):
        entry.rename(dest / entry.name)
    record = partial / RECORD
    record.write_text(json.dumps(asdict(artifact)))
    record.rename(dest / RECORD)
    partial.rmdir()


def _empty(dest: Path) -> None:
    for old in dest.iterdir():
        if old.name != PARTIAL:
            _clear(old)


def _clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _disk_failure(error: OSError, dest: Path) -> PullFailure:
    if error.errno in _FULL:
        return PullFailure(Reason.NO_SPACE, f"the volume of '{dest}' is full: make it larger than the model")
    return PullFailure(
        Reason.NO_SPACE, f"'{dest}' cannot be written: {error.strerror or type(error).__name__}"
    )
