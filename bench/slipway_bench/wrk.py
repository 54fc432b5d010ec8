"""Closed-loop load over HTTP/1.1: so many connections, each asks again when it has its answer.

wrk makes it, one thread on one core. It sees to it that every answer is a 200; that the answers are right,
the caller checks before and after.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from slipway_bench.environment import pinned
from slipway_bench.figures import Figures
from slipway_bench.wire import Message

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
_SCRIPT = """\
local file = io.open("{body}", "rb")
wrk.method = "POST"
wrk.body = file:read("*a")
file:close()
"""


def load(
    wrk: str, port: int, message: Message, *, connections: int, seconds: float, core: set[int]
) -> Figures:
    """One run.

    Raises:
        ValueError: an answer was not a 200, or a connection broke.
    """
    with tempfile.TemporaryDirectory() as folder:
        body, script = Path(folder) / "body", Path(folder) / "post.lua"
        body.write_bytes(message.body)
        script.write_text(_SCRIPT.format(body=body))
        headers = [word for name, value in message.headers.items() for word in ("-H", f"{name}: {value}")]
        url = f"http://127.0.0.1:{port}{message.path}"
        counts = ["-t1", f"-c{connections}", f"-d{round(seconds)}s"]
        command = [wrk, *counts, "--latency", "-s", str(script), *headers, url]
        done = subprocess.run(pinned(command, core), check=True, capture_output=True, text=True)
    return parse(done.stdout)


def parse(text: str) -> Figures:
    """What wrk printed.

    Raises:
        ValueError: it tells of a fault, nothing was answered, or its form is unknown.
    """
    fault = re.search(r"Socket errors:.*|Non-2xx.*", text)
    if fault:
        raise ValueError(f"wrk: {fault.group()}")
    found = re.search(r"(\d+) requests in ([\d.]+\w+),", text)
    if found is None:
        raise ValueError(f"wrk wrote something unknown: {text[-500:]!r}")
    requests = int(found[1])
    if not requests:
        raise ValueError(f"wrk: not one answer in {found[2]}; a longer run (--seconds) may have some")
    return Figures(requests / _seconds(found[2]), _percentile(text, "50"), _percentile(text, "99"), requests)


def _percentile(text: str, which: str) -> float:
    found = re.search(rf"^\s+{which}%\s+([\d.]+\w+)", text, re.MULTILINE)
    if found is None:
        raise ValueError(f"wrk wrote no {which} % line")
    return _seconds(found[1])


def _seconds(text: str) -> float:
    found = re.fullmatch(r"([\d.]+)([a-z]+)", text)
    if found is None or found[2] not in _UNITS:
        raise ValueError(f"wrk wrote a time as {text!r}")
    return float(found[1]) * _UNITS[found[2]]
