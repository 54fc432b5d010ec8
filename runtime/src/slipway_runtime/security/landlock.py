"""Landlock: a process closes the file system to itself, but for what it names. Needs Linux 5.13, no rights.

A process in such a domain cannot look into processes outside of it either (their memory and environment in
/proc), and from later versions on cannot connect over TCP or signal them. Numbers are those of
linux/landlock.h; the calls have the same numbers on every machine.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION_FLAG, _PATH_BENEATH = 1, 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14
_MAKE = sum(1 << bit for bit in (4, 5, 7, 8))  # remove a folder or file; make a folder or plain file
_ALL_V1, _REFER, _IOCTL_DEVICE = (1 << 13) - 1, 1 << 13, 1 << 15
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("access", ctypes.c_uint64), ("parent", ctypes.c_int32))


def restrict(libc: ctypes.CDLL, readable: Iterable[Path], writable: Iterable[Path]) -> bool:
    """Close everything but these paths; false where the kernel cannot."""
    version = libc.syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG))
    if version < 1:
        return False
    handled = _ALL_V1
    for since, right in ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEVICE)):
        handled |= right if version >= since else 0
    rules = _Ruleset(handled, 3 if version >= 4 else 0, 3 if version >= 6 else 0)  # noqa: PLR2004 # its versions
    size = 24 if version >= 6 else 16 if version >= 4 else 8  # noqa: PLR2004 # likewise
    ruleset = libc.syscall(_CREATE, ctypes.byref(rules), ctypes.c_size_t(size), ctypes.c_uint32(0))
    if ruleset < 0:
        return False
    try:
        read = _EXECUTE | _READ_FILE | _READ_DIR
        for path in readable:
            _allow(libc, ruleset, path, read & handled)
        for path in writable:
            _allow(libc, ruleset, path, (read | _WRITE_FILE | _TRUNCATE | _MAKE) & handled)
        return bool(libc.syscall(_RESTRICT, ruleset, ctypes.c_uint32(0)) == 0)
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, access: int) -> None:
    """One path and all below it; one that is not there needs no rule."""
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rule = _Beneath(access if path.is_dir() else access & _ON_FILES, opened)
        libc.syscall(_ADD, ruleset, ctypes.c_uint32(_PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        os.close(opened)
