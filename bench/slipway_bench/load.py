"""The load: a fixed number of connections, each sending its next request when it has its answer.

wrk makes it where there is one. Every answer must be a 200; which answer it is, the caller checks before
and after.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from slipway_bench.environment import pinned

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


@dataclass(frozen=True)
class Figures:
    """What one run showed.

    Attributes:
        rate: requests per second.
        p50, p99: latency in seconds, as the client saw it.
        requests: answered.
    """

    rate: float
    p50: float
    p99: float
    requests: int


def with_wrk(wrk: str, url: str, body: bytes, *, connections: int, seconds: float, core: set[int]) -> Figures:
    """One run of wrk."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        script.write_text(
            f'wrk.method = "POST"\nwrk.body = {json.dumps(body.decode())}\n'
            'wrk.headers["Content-Type"] = "application/json"\n'
        )
        command = [wrk, "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency", "-s", str(script), url]
        done = subprocess.run(pinned(command, core), check=True, capture_output=True, text=True)
    text = done.stdout
    bad = re.search(r"Socket errors:.*|Non-2xx.*", text)
    assert bad is None, f"{url}: {bad}"
    requests, elapsed = re.findall(r"(\d+) requests in ([\d.]+\w+),", text)[0]
    return Figures(
        int(requests) / _seconds(elapsed), _percentile(text, 50), _percentile(text, 99), int(requests)
    )


def with_python(url: str, body: bytes, *, connections: int, seconds: float, core: set[int]) -> Figures:
    """One run of the generator below: several times slower than wrk, so it may be what is measured."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, core)
    try:
        times, elapsed = asyncio.run(_generate(url, body, connections, seconds))
    finally:
        os.sched_setaffinity(0, before)
    times.sort()
    count = len(times)
    return Figures(count / elapsed, times[count // 2], times[count * 99 // 100], count)


async def _generate(url: str, body: bytes, connections: int, seconds: float) -> tuple[list[float], float]:
    parts = urlsplit(url)
    request = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    )
    times: list[float] = []
    begun = time.perf_counter()

    async def client() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        while (now := time.perf_counter()) < begun + seconds:
            writer.write(request)
            found = await reader.readuntil(b"\r\n\r\n")
            assert found.startswith(b"HTTP/1.1 200 "), found
            await reader.readexactly(int(found.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
            times.append(time.perf_counter() - now)
        writer.close()

    await asyncio.gather(*(client() for _ in range(connections)))
    return times, time.perf_counter() - begun


def _percentile(text: str, which: int) -> float:
    return _seconds(re.findall(rf"^\s+{which}%\s+([\d.]+\w+)", text, re.MULTILINE)[0])


def _seconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(\w+)", text).groups()  # type: ignore[union-attr] # wrk's own format
    return float(number) * _UNITS[unit]
