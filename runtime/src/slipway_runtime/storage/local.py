"""`file:` — a file or folder on this machine, copied: so it stays as it was verified."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.security.paths import safe_path

if TYPE_CHECKING:
    from slipway_runtime.storage.source import Budget

CHUNK = 1024 * 1024


class LocalSource:
    """A path. Links are followed: the file system is the caller's own.

    Args:
        path: absolute, or relative to the working directory.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def fetch(self, folder: Path, budget: Budget) -> bool:
        """Copy it."""
        try:
            if self._path.is_dir():
                self._copy_folder(folder, budget)
                return False
            _copy(self._path, folder / safe_path(self._path.name), budget)
        except FileNotFoundError:
            raise PullFailure(
                Reason.NOT_FOUND, f"there is no file or folder '{self._path}' on this machine"
            ) from None
        except PermissionError:
            raise PullFailure(
                Reason.ACCESS_DENIED, f"'{self._path}' may not be read by this process: check owner and mode"
            ) from None
        return True

    def _copy_folder(self, folder: Path, budget: Budget) -> None:
        for path in sorted(self._path.rglob("*")):
            if not path.is_dir():
                _copy(path, folder / safe_path(path.relative_to(self._path).as_posix()), budget)


def _copy(source: Path, target: Path, budget: Budget) -> None:
    found = source.stat()
    if not stat.S_ISREG(found.st_mode):
        raise PullFailure(Reason.UNSUPPORTED_FORMAT, f"'{source}' is neither a file nor a folder")
    budget.expect(found.st_size)
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as reader, target.open("xb") as writer:
        while chunk := reader.read(CHUNK):
            budget.take(len(chunk))
            writer.write(chunk)
