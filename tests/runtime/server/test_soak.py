"""A short soak: every protocol at once, every answer checked, memory watched."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_memory_does_not_grow_with_requests_of_every_protocol() -> None:
    """A server that leaks a little on each request is killed at night, in the middle of somebody's work."""
    length = ("--requests", "20000", "--first", "4000", "--bar", "1.25")  # a leak of 1.5 kB a request

    done = subprocess.run(
        [sys.executable, "bench/soak.py", *length], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    told = re.findall(r"[\d,]+ (V1|v2 binary|v2|Seldon|MLflow|plain|gRPC|wrong)\b", done.stdout)
    assert len(told) == 8, done.stdout
