"""Memory that requests need is kept: in a process of its own, because it changes the whole one."""

from __future__ import annotations

import subprocess
import sys

ROUNDS = 50
PAGES = 8192  # of four kilobytes, in four blocks
LARGE_BLOCKS = f"""
import resource
import numpy as np
from slipway_runtime.commands import memory

memory.settle()
request = lambda: [np.ones({PAGES} * 512 // 4) for _ in range(4)]
request()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range({ROUNDS}):
    request()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def test_a_large_request_does_not_pay_for_fresh_pages_each_time() -> None:
    """Half a megabyte of JSON took half as long again while the kernel cleared the same pages each time."""
    done = subprocess.run(
        [sys.executable, "-c", LARGE_BLOCKS], check=True, capture_output=True, text=True, timeout=60
    )
    assert int(done.stdout) < PAGES
