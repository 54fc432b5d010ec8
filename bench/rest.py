"""Compares the runtime with a hand-written FastAPI service: V2 JSON, a small model, one server core.

What happens, in order: a classifier is trained on iris and exported to ONNX; each server loads that
one file, on the first core; `wrk` asks from the second one. Every answer's value is checked before a
round. Rounds are interleaved, so that a noisy neighbour hits all servers alike, and the median of
three counts. Only ratios carry over to another machine.

    python bench/rest.py [--seconds 4] [--rounds 3]

The table goes to the terminal and to bench/results/rest.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

BENCH = Path(__file__).parent
CACHE = Path(os.environ.get("SLIPWAY_CACHE", Path.home() / ".cache" / "slipway")) / "bench"
ROW = (5.1, 3.5, 1.4, 0.2)
SERVER_CORE, CLIENT_CORE = "0", "1"
READY_SECONDS = 60.0
CONNECTIONS = (16, 1)
BAR = 3.0


@dataclass(frozen=True)
class Server:
    """One competitor: how it is started on a port with a model file."""

    name: str
    command: Callable[[Path, int], list[str]]
    port: int

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}/v2/models/iris/infer"


def slipway(model: Path, port: int) -> list[str]:
    """The runtime, from this environment."""
    model_flags = ["--model-dir", str(model.parent), "--model-name", "iris", "--threads", "1"]
    ports = ["--http-port", str(port), "--probe-port", str(port + 1)]
    return [sys.executable, "-m", "slipway_runtime", "serve", *model_flags, *ports]


def fastapi(model: Path, port: int) -> list[str]:
    """The hand-written service, from an environment of its own."""
    python = environment(BENCH / "peers" / "fastapi_pydantic.txt")
    served = f"import os; os.environ['MODEL'] = {str(model)!r}; import uvicorn; "
    run = f"uvicorn.run('fastapi_pydantic:app', port={port}, log_level='warning', access_log=False)"
    return [str(python), "-c", f"import sys; sys.path.insert(0, {str(BENCH / 'peers')!r}); {served}{run}"]


def environment(requirements: Path) -> Path:
    """The Python of a peer's virtual environment, made once for these very requirements."""
    import hashlib  # noqa: PLC0415 -- only on the way to a peer

    key = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    home = CACHE / f"{requirements.stem}-{key}"
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        print(f"bench: installing {requirements.stem} into {home}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
        (home / "ready").touch()
    return python


def install_wrk() -> None:
    """The load generator; on Debian as root it is installed, else named.

    Raises:
        SystemExit: it is missing and cannot be installed.
    """
    if shutil.which("wrk"):
        return
    if os.geteuid() != 0:
        raise SystemExit("bench: wrk is missing. Run: sudo apt-get install wrk")
    subprocess.run(["apt-get", "update", "-qq"], check=True)
    subprocess.run(["apt-get", "install", "-y", "-qq", "wrk"], check=True, stdout=subprocess.DEVNULL)


def train(folder: Path) -> Path:
    """An iris classifier as ONNX, float32 [n, 4] to label and probabilities."""
    features, labels = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=500).fit(features, labels)
    graph = to_onnx(model, np.zeros((1, 4), np.float32), options={"zipmap": False})
    path = folder / "model.onnx"
    path.write_bytes(graph.SerializeToString())
    return path


def body(model: Path) -> str:
    """One row as a V2 request."""
    name = onnxruntime.InferenceSession(str(model)).get_inputs()[0].name
    tensor = {"name": name, "datatype": "FP32", "shape": [1, 4], "data": list(ROW)}
    return json.dumps({"inputs": [tensor]})


def check(server: Server, request: str, model: Path) -> None:
    """Ask once and compare every output with ONNX Runtime's own.

    Raises:
        AssertionError: another answer.
    """
    session = onnxruntime.InferenceSession(str(model))
    wanted = session.run(None, {session.get_inputs()[0].name: np.array([ROW], np.float32)})
    asked = urllib.request.Request(server.url, request.encode(), {"content-type": "application/json"})  # noqa: S310 -- http on loopback
    with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 -- http on loopback
        outputs = {output["name"]: output["data"] for output in json.load(answer)["outputs"]}
    for output, value in zip(session.get_outputs(), wanted, strict=True):
        assert np.allclose(outputs[output.name], np.ravel(value), atol=1e-6), (server.name, output.name)


@contextmanager
def running(server: Server, model: Path, log: Path) -> Iterator[None]:
    """The server, from ready to stopped."""
    with log.open("wb") as lines:
        command = ["taskset", "-c", SERVER_CORE, *server.command(model, server.port)]
        started = subprocess.Popen(command, stdout=lines, stderr=lines)
        try:
            await_ready(server, started, log)
            yield
        finally:
            started.terminate()
            started.terminate()
            try:
                started.wait(20)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()


def await_ready(server: Server, started: subprocess.Popen[bytes], log: Path) -> None:
    """Until it says that it is ready.

    Raises:
        SystemExit: it ended, or was not ready in time.
    """
    url = f"http://127.0.0.1:{server.port}/v2/health/ready"
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and started.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"bench: {server.name} was not ready within {READY_SECONDS:.0f} s:\n{log.read_text()}")


def rate(server: Server, script: Path, connections: int, seconds: int) -> float:
    """Answers a second, as wrk counts them.

    Raises:
        SystemExit: some of them were errors.
    """
    load = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), server.url]
    printed = subprocess.run(
        ["taskset", "-c", CLIENT_CORE, *load], capture_output=True, text=True, check=True
    ).stdout
    if "Non-2xx" in printed or "Socket errors" in printed:
        raise SystemExit(f"bench: {server.name} failed requests:\n{printed}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    assert found, printed
    return float(found[1])


def table(medians: dict[tuple[str, int], float], peer: Server, own: Server) -> str:
    """The result as Markdown."""
    lines = ["| case | " + own.name + " | " + peer.name + " | ratio |", "|---|---|---|---|"]
    for connections in CONNECTIONS:
        ours, theirs = medians[own.name, connections], medians[peer.name, connections]
        case = f"iris 1×4, V2 JSON, {connections} connection{'s' if connections > 1 else ''}"  # noqa: RUF001 -- the sign is meant
        lines.append(f"| {case} | {ours:,.0f}/s | {theirs:,.0f}/s | {ours / theirs:.2f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print, keep."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    flags.add_argument("--seconds", type=int, default=4, help="of load per round")
    flags.add_argument("--rounds", type=int, default=3, help="per case; the median counts")
    chosen = flags.parse_args()
    install_wrk()
    own, peer = Server("Slipway", slipway, 18080), Server("FastAPI + pydantic", fastapi, 18090)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        model = train(Path(folder))
        request = body(model)
        script = Path(folder) / "post.lua"
        script.write_text(
            f"wrk.method='POST'\nwrk.body='{request}'\nwrk.headers['content-type']='application/json'\n"
        )
        for server in (own, peer):
            servers.enter_context(running(server, model, Path(folder) / f"{server.port}.log"))
        rates: dict[tuple[str, int], list[float]] = {}
        for connections in CONNECTIONS:
            for _ in range(chosen.rounds):
                for server in (own, peer):
                    check(server, request, model)
                    measured = rate(server, script, connections, chosen.seconds)
                    rates.setdefault((server.name, connections), []).append(measured)
        shown = table({case: statistics.median(found) for case, found in rates.items()}, peer, own)
    print(shown)
    results = BENCH / "results"
    results.mkdir(exist_ok=True)
    head = "Server on one core, load from another, one intra-op thread, median of interleaved rounds.\n"
    (results / "rest.md").write_text(f"{head}Only ratios carry over. Command: `make bench`.\n\n{shown}")


if __name__ == "__main__":
    main()
