"""How memory is kept once the model is loaded: nothing is fetched from the kernel again for each request.

A large request needs several megabytes for a moment. glibc gives such blocks back at once, and the kernel
clears every page before it hands it out again: on half a megabyte of JSON that took a third of the time. So
what was used stays with the process, up to a bound; only larger blocks are the kernel's each time.
"""

from __future__ import annotations

import ctypes
import gc

KEPT_BYTES = 64 * 1024 * 1024  # free memory at the end of the heap that stays
BLOCK_BYTES = 32 * 1024 * 1024  # from this size on a block is the kernel's; glibc takes no larger bound
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def settle() -> None:
    """What was made until now stays, and so does the memory that requests need from now on."""
    gc.freeze()  # the collector need not look at it again
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none, and keeps what it likes
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)
        mallopt(_M_MMAP_THRESHOLD, BLOCK_BYTES)
