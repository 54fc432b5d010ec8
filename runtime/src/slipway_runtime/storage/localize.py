"""Makes a fetch all or nothing.

DEST may be a mounted volume, which no rename can replace. So the files are fetched into `DEST/.slipway-
partial`, verified there, and moved out; `.slipway-artifact.json`, which says what they are, is written; and
last the partial folder goes. A DEST that has a partial folder is not a model: the server refuses it and the
next pull starts over. Killed at any moment, DEST holds either no model, or one that says it is unfinished,
or a whole one. So the partial folder is never removed while something half moved may lie beside it: a pull
that finds one clears DEST first and keeps the folder.

One file that is an archive is checked against the pin first and unpacked then, so that nothing is read from
an archive that is not the one meant.
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
from slipway_runtime.security.paths import safe_path
from slipway_runtime.storage.archive import kind_of, lift, unpack
from slipway_runtime.storage.local import files_below
from slipway_runtime.storage.staging import Staging

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
        contents: the folder's digest where `digest` is that of the archive it came in; else empty.
    """

    uri: str
    digest: str
    size_bytes: int
    files: int
    single: bool
    seconds: float
    contents: str = ""


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
        staging = Staging(partial, budget)
        single = source.fetch(staging)
        staging.finish()
        files = _files(partial)
        found = _digest(partial, files, single=single)
        _check(uri, found, digest)
        contents = ""
        if single and (kind := kind_of(files[0].name)):
            unpack(staging, files[0].name, kind)
            lift(partial)
            files, single = _files(partial), False
            contents = digest_folder(partial, files)
        size = sum(path.stat().st_size for path in files)
        seconds = round(budget.clock() - started, 3)
        return Artifact(uri, found, size, len(files), single, seconds, contents)
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
    found = _digest(dest, files, single=artifact.single)
    return artifact if found == (artifact.contents or digest) else None


def _check(uri: str, found: str, digest: str) -> None:
    if digest and found != digest:
        raise PullFailure(
            Reason.DIGEST_MISMATCH,
            f"'{uri}' has digest {found}, {digest} was asked for: the model changed, or the pin is wrong",
        )


def digest_of(path: Path) -> str:
    """The digest that pins a file or folder on this machine: what a pull of it reports.

    Raises:
        PullFailure: NotFound, AccessDenied; UnsupportedFormat for what no pull would take.
    """
    try:
        if path.is_file():
            return digest_file(path)
        files = list(files_below(path))
        for found in files:
            safe_path(found.relative_to(path).as_posix())
        if not files:
            raise PullFailure(Reason.NOT_FOUND, f"there is no file, nor a folder with files, at '{path}'")
        return digest_folder(path, files)
    except FileNotFoundError:
        raise PullFailure(Reason.NOT_FOUND, f"there is no file or folder '{path}'") from None
    except OSError as error:
        raise PullFailure(Reason.ACCESS_DENIED, f"'{path}' cannot be read: {error.strerror}") from None


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
