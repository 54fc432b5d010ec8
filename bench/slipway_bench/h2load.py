"""Closed-loop load over gRPC: so many connections with one call at a time each.

nghttp2's h2load makes it: a gRPC client in Python, and most in Go, spend more on a call than the servers do,
and would be what is measured. A gRPC failure is a 200 to it, so every answer's length is held against that of
a right one: an answer without a message is shorter.
"""

from __future__ import annotations

import re
import struct
import subprocess
import tempfile
from pathlib import Path

from slipway_bench.environment import pinned
from slipway_bench.figures import Figures, of_times
from slipway_bench.wire import Message

FRAME = struct.Struct(">BI")  # not compressed; the message's length
_HEADERS = ("content-type: application/grpc", "te: trailers")


def load(
    h2load: str,
    port: int,
    message: Message,
    *,
    answer_bytes: int,
    connections: int,
    seconds: float,
    core: set[int],
) -> Figures:
    """One run.

    Args:
        h2load: the program.
        port: on loopback.
        message: the call; its body is framed here.
        answer_bytes: length of a right answer's message.
        connections: one call at a time each.
        seconds: length.
        core: where it runs.

    Raises:
        ValueError: a call failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        body, log = Path(folder) / "body", Path(folder) / "log"
        body.write_bytes(FRAME.pack(0, len(message.body)) + message.body)
        counts = ["-t1", f"-c{connections}", "-m1", f"-D{round(seconds)}", f"-d{body}", f"--log-file={log}"]
        headers = [word for line in _HEADERS for word in ("-H", line)]
        command = [h2load, *counts, *headers, f"http://127.0.0.1:{port}{message.path}"]
        done = subprocess.run(pinned(command, core), check=True, capture_output=True, text=True)
        times = [int(line.split("\t")[2]) / 1e6 for line in log.read_text().splitlines()]
    requests = parse(done.stdout, FRAME.size + answer_bytes)
    found = of_times(times, round(seconds))
    return Figures(requests / round(seconds), found.p50, found.p99, requests)


def parse(text: str, answer_bytes: int) -> int:
    """Calls that succeeded, from what h2load printed.

    Args:
        text: its standard output.
        answer_bytes: that every answer has, frame included.

    Raises:
        ValueError: a call failed, or answers have another length.
    """
    counts = re.search(r"requests: .*?(\d+) succeeded, (\d+) failed, (\d+) errored", text)
    data = re.search(r"\((\d+)\) data", text)
    if counts is None or data is None:
        raise ValueError(f"h2load wrote something unknown: {text[-500:]!r}")
    succeeded, failed, errored = map(int, counts.groups())
    if failed or errored or not succeeded:
        raise ValueError(f"h2load: {counts.group()}")
    mean = int(data[1]) / succeeded
    if abs(mean - answer_bytes) > 0.01 * answer_bytes + 1:
        raise ValueError(f"an answer has {mean:.1f} bytes on average, a right one {answer_bytes}")
    return succeeded
