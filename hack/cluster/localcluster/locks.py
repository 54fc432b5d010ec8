"""One at a time: an advisory lock on a folder or file, which ends with the process that holds it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def locked(path: Path, *, make_folder: bool = False) -> Iterator[None]:
    """Hold the lock on `path`: a file, or with `make_folder` a folder, made where it is missing.

    The holder may remove what it locked; whoever waited for it then finds that out and begins again.
    """
    while True:
        descriptor = _open(path, make_folder=make_folder)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _same(path, descriptor):
                yield
                return
        finally:
            os.close(descriptor)


def _open(path: Path, *, make_folder: bool) -> int:
    if not make_folder:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    while True:  # the one that holds the lock may remove the folder, or its parent, at any moment
        with suppress(FileNotFoundError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                os.mkdir(path)  # noqa: PTH102 - Path.mkdir fails when the folder vanishes while it looks
            return os.open(path, os.O_RDONLY | os.O_DIRECTORY)


def _same(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
