"""Confines this process before it runs a stranger's code, such as a pickle's.

All it needs of the world is a few folders to read and one to write. In this order: limits on time, memory
and files; no capabilities and no way to new privileges; Landlock, which closes the file system but for these
folders, the network and other processes' memory and environment; a seccomp filter, under which no socket is
opened, no program started and no other process touched. Each layer stands alone: an old kernel lacks
Landlock, a strict container runtime may refuse it; what holds is returned, to be told in the log. A mistake
in the kernel is not covered by any of them.

Called first thing: threads that already run would stay as they are.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from slipway_runtime.security import landlock, seccomp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CPU_SECONDS = 900
_GIBIBYTE = 1024**3
_SET_DUMPABLE, _GET_DUMPABLE, _NO_NEW_PRIVILEGES = 4, 3, 38
_CAPABILITY_VERSION = 0x20080522
_CAPSET = {"x86_64": 126, "aarch64": 91}
_SYSTEM = (
    *("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/sys"),
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/dev/null", "/dev/urandom"),
)


def confine(readable: Iterable[Path], writable: Iterable[Path]) -> tuple[str, ...]:
    """Confine this process, for good.

    Args:
        readable: files and folders besides Python's own.
        writable: files and folders that may be written, too.

    Returns:
        The layers that hold: of "limits", "privileges", "landlock", "seccomp".
    """
    machine = os.uname().machine
    libc = ctypes.CDLL(None, use_errno=True)
    layers = ["limits"]
    _limit()
    if _drop_privileges(libc, machine):
        layers.append("privileges")
    own = [Path(path) for path in (*_SYSTEM, sys.prefix, sys.base_prefix, *sys.path) if path]
    if landlock.restrict(libc, [*own, *readable], list(writable)):
        layers.append("landlock")
    if seccomp.install(libc, machine):
        layers.append("seccomp")
    return tuple(layers)


@contextmanager
def hidden() -> Iterator[None]:
    """For a block, no other process of this user can read this one's memory or environment."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = libc.prctl(_GET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    try:
        yield
    finally:
        if before == 1:
            libc.prctl(_SET_DUMPABLE, 1, 0, 0, 0)


def _limit() -> None:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_FSIZE: 16 * _GIBIBYTE,
        resource.RLIMIT_NOFILE: 512,
        resource.RLIMIT_DATA: memory,
    }
    for kind, value in wanted.items():
        _, hard = resource.getrlimit(kind)
        lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (lowest, lowest))


def _drop_privileges(libc: ctypes.CDLL, machine: str) -> bool:
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return False
    if machine not in _CAPSET:
        return os.geteuid() != 0
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    none = (ctypes.c_uint32 * 6)()
    return bool(libc.syscall(_CAPSET[machine], header, none) == 0)
