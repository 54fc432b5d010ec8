"""One at a time: an advisory lock on a folder or file, which ends with the process that holds it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
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
    while True:
        path.mkdir(parents=True, exist_ok=True)
        try:
            return os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:  # removed in between by the one that held the lock
            continue


def _same(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
