"""A seccomp filter: system calls that a conversion never needs fail, in this process and all it might start.

No sockets, no programs, no new processes (threads are fine), no touching of other processes, no io_uring (it
would do all of that by itself), no kernel features that exploits like. The filter is a small BPF program;
numbers are those of linux/seccomp.h, linux/audit.h and each machine's table of calls.
"""

from __future__ import annotations

import ctypes
import errno
from typing import NamedTuple

_SET_SECCOMP, _FILTER = 22, 2
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _JUMP_EQUAL, _JUMP_GREATER, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_X32 = 0x40000000  # a second table of the same calls on x86_64
_THREAD = 0x00010000  # clone's flag for a thread rather than a process


class Machine(NamedTuple):
    """One machine's numbers.

    Attributes:
        audit: its AUDIT_ARCH.
        denied: calls that fail with EPERM.
        clone: fails unless it makes a thread.
        clone3: fails as if it did not exist, so that the C library uses clone.
    """

    audit: int
    denied: tuple[int, ...]
    clone: int
    clone3: int


# In this order: socket connect execve execveat fork vfork ptrace process_vm_readv process_vm_writev kill
# tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo mount umount2 unshare setns bpf keyctl add_key request_key
# userfaultfd perf_event_open; then, alike everywhere: io_uring_setup io_uring_enter pidfd_send_signal
# pidfd_open pidfd_getfd.
_EVERYWHERE = (425, 426, 424, 434, 438)
MACHINES = {
    "x86_64": Machine(
        0xC000003E,
        (
            *(41, 42, 59, 322, 57, 58, 101, 310, 311, 62, 200, 234, 129, 297, 165, 166, 272, 308, 321, 250),
            *(248, 249, 323, 298, *_EVERYWHERE),
        ),
        56,
        435,
    ),
    "aarch64": Machine(
        0xC00000B7,
        (
            *(
                198,
                203,
                221,
                281,
                117,
                270,
                271,
                129,
                130,
                131,
                138,
                240,
                40,
                39,
                97,
                268,
                280,
                219,
                217,
                218,
            ),
            *(282, 241, *_EVERYWHERE),
        ),
        220,
        435,
    ),
}


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("operand", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def install(libc: ctypes.CDLL, machine: str) -> bool:
    """Put the filter in place, for good; false where that is impossible. Needs no_new_privs."""
    if machine not in MACHINES:
        return False
    rows = program(MACHINES[machine])
    instructions = (_Instruction * len(rows))(*(_Instruction(*row) for row in rows))
    filtered = _Program(len(rows), instructions)
    return bool(libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(filtered), 0, 0) == 0)


def program(machine: Machine) -> list[tuple[int, int, int, int]]:
    """The filter as (code, jump if true, jump if false, operand)."""
    refuse = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
    rows = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, machine.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_GREATER, 0, 1, _X32),
        refuse,
    ]
    for number in machine.denied:
        rows += [(_JUMP_EQUAL, 0, 1, number), refuse]
    rows += [
        (_JUMP_EQUAL, 0, 1, machine.clone3),
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
        (_JUMP_EQUAL, 0, 3, machine.clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_JUMP_SET, 1, 0, _THREAD),
        refuse,
        (_RETURN, 0, 0, _ALLOW),
    ]
    return rows
