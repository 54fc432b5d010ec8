"""The files of one pull while they arrive, so that a second attempt goes on where the first one broke off.

A source claims a part for every file, attempt after attempt. A part remembers which bytes it has and of what:
the validator, which is whatever tells one content from another (an ETag, a digest). With the same validator
the rest is asked for, with another one it begins again: bytes of two contents are never mixed. A file that no
source claimed in the attempt that succeeded is none of the model's and goes.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.security.paths import safe_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from slipway_runtime.storage.source import Budget


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


class Part:
    """One file under way.

    Attributes:
        path: where it goes.
        validator: what tells its content from another; empty when nothing does.
        done: all of it is there.
    """

    def __init__(self, path: Path, budget: Budget) -> None:
        self.path = path
        self.validator = ""
        self.done = False
        self._budget = budget

    @property
    def offset(self) -> int:
        """Bytes that are there and can be continued."""
        return self.path.stat().st_size if self.validator and self.path.exists() else 0

    def kept(self, validator: str) -> bool:
        """True where an earlier attempt brought all of this very content; it is then accounted for."""
        if not self.done or self.validator != validator:
            return False
        self._budget.keep(self.path.stat().st_size)
        return True

    def forget(self) -> None:
        """Begin again next time."""
        self.validator = ""
        self.done = False

    def receive(self, chunks: Iterable[bytes], start: int, validator: str) -> None:
        """Write what arrives.

        Args:
            chunks: the bytes from `start` on, as they come.
            start: how many bytes that are there belong to this content too.
            validator: of this content.

        Raises:
            PullFailure: TooLarge or Timeout.
        """
        self.done, self.validator = False, validator
        self._budget.keep(start)
        with self.path.open("r+b" if start else "wb") as file:
            file.truncate(start)
            file.seek(start)
            for chunk in chunks:
                self._budget.take(len(chunk))
                file.write(chunk)
        self.done = True


class Staging:
    """An empty folder that becomes a model.

    Args:
        folder: exists, belongs to this pull.
        budget: how much may arrive.
        free: tells the free bytes of a folder's volume.
    """

    def __init__(self, folder: Path, budget: Budget, free: Callable[[Path], int] = _free) -> None:
        self.folder = folder
        self.budget = budget
        self._free = free
        self._parts: dict[str, Part] = {}
        self._claimed: set[str] = set()

    def begin(self) -> None:
        """A new attempt: nothing is claimed, nothing has arrived."""
        self._claimed.clear()
        self.budget.restart()

    def part(self, name: str) -> Part:
        """Claim a file.

        Args:
            name: relative path with '/'.

        Raises:
            PullFailure: UnsupportedFormat; the name leads out, is taken, or is another file's folder.
        """
        path = self.folder / safe_path(name)
        if name in self._claimed:
            raise PullFailure(Reason.UNSUPPORTED_FORMAT, f"the model has two files named '{name}'")
        self._claimed.add(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise _both(name) from None
        if path.is_dir():
            raise _both(name)
        return self._parts.setdefault(name, Part(path, self.budget))

    def announce(self, total: int) -> None:
        """Say how large the model will be, before it is fetched.

        Raises:
            PullFailure: TooLarge or NoSpace.
        """
        self.budget.announce(total)
        here = sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        free = self._free(self.folder)
        if total - here > free:
            raise PullFailure(
                Reason.NO_SPACE,
                f"the model has {total} bytes, the volume has {free} left: make it larger than the model",
            )

    def release(self, name: str, aside: str) -> Path:
        """Give a file back, which then is none of the model's: its name is free, its bytes count no more.

        Args:
            name: of a part.
            aside: what the file is called from now on.
        """
        part = self._parts.pop(name)
        self._claimed.remove(name)
        self.budget.release(part.path.stat().st_size)
        return part.path.rename(self.folder / aside)

    def finish(self) -> None:
        """Remove what only an earlier attempt brought."""
        for name in self._parts.keys() - self._claimed:
            if self._parts[name].path.is_file():
                self._parts[name].path.unlink()


def _both(name: str) -> PullFailure:
    return PullFailure(
        Reason.UNSUPPORTED_FORMAT,
        f"not every name can be a file's path: one key is the folder of another, at '{name}'",
    )
