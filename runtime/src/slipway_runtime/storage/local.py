"""`file:` — a file or folder on this machine, copied: so it stays as it was verified."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from slipway_runtime.errors import PullFailure, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slipway_runtime.storage.staging import Staging

CHUNK = 1024 * 1024
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP})


class LocalSource:
    """A path. Links are followed: the file system is the caller's own.

    Args:
        path: absolute, or relative to the working directory.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def fetch(self, staging: Staging) -> bool:
        """Copy it."""
        try:
            if self._path.is_dir():
                for path in files_below(self._path):
                    _copy(path, path.relative_to(self._path).as_posix(), staging)
                return False
            _copy(self._path, self._path.name, staging)
        except PermissionError:
            raise PullFailure(
                Reason.ACCESS_DENIED, f"'{self._path}' may not be read by this process: check owner and mode"
            ) from None
        except OSError as error:
            if error.errno not in _ABSENT:
                raise  # our own disk, or theirs breaks
            raise PullFailure(
                Reason.NOT_FOUND, f"there is no file or folder '{self._path}' on this machine"
            ) from None
        return True


def files_below(folder: Path) -> Iterator[Path]:
    """Every file below, in order; a folder that links lead to twice, or round in a circle, is read once."""
    seen = set()
    for root, folders, names in os.walk(folder, followlinks=True, onerror=_raise):
        found = Path(root).stat()
        if (found.st_dev, found.st_ino) in seen:
            folders.clear()
            continue
        seen.add((found.st_dev, found.st_ino))
        folders.sort()
        yield from (Path(root, name) for name in sorted(names))


def _raise(error: OSError) -> None:
    raise error


def _copy(source: Path, name: str, staging: Staging) -> None:
    found = source.stat()
    if not stat.S_ISREG(found.st_mode):
        raise PullFailure(Reason.UNSUPPORTED_FORMAT, f"'{source}' is neither a file nor a folder")
    staging.budget.expect(found.st_size)
    with source.open("rb") as reader:
        staging.part(name).receive(iter(lambda: reader.read(CHUNK), b""), 0, "")
