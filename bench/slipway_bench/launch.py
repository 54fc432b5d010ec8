"""How each server is started: a command, its environment and its files, as values.

Each gets the settings that its documentation recommends for speed, and one thread for the model: on one core
more would only be in each other's way.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from slipway_bench.environment import PEERS, say
from slipway_bench.sample import Sample


@dataclass(frozen=True)
class Ports:
    """Where a server listens, on loopback."""

    http: int
    grpc: int
    metrics: int


@dataclass(frozen=True)
class Launch:
    """What is started.

    Attributes:
        command: program and arguments.
        environ: besides our own environment.
        folder: its working directory.
    """

    command: list[str]
    environ: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None


@dataclass(frozen=True)
class Peer:
    """A server.

    Attributes:
        title: in the table.
        launch: from its interpreter, a sample, the ports and an empty folder.
        environment: its folder in bench/peers; empty where it runs in ours.
    """

    title: str
    launch: Callable[[str, Sample, Ports, Path], Launch]
    environment: str = ""


def slipway(*flags: str) -> Callable[[str, Sample, Ports, Path], Launch]:
    """Slipway's runtime, with every limit and metric on."""

    def launch(python: str, sample: Sample, ports: Ports, _: Path) -> Launch:
        listen = ["--http-port", str(ports.http), "--grpc-port", str(ports.grpc)]
        model = ["--model-dir", str(sample.path.parent), "--model-name", sample.name]
        command = [python, "-m", "slipway_runtime", "serve", *model, *listen, *flags]
        return Launch([*command, "--probe-port", str(ports.metrics)], {"SLIPWAY_DRAIN_SECONDS": "0"})

    return launch


def undisturbed(peer: Peer) -> Peer:
    """The same server ahead of everything else on its core, where this user may do that.

    At four fifths of what its core can do, a millisecond that somebody else takes delays twenty requests.
    """
    first = ["chrt", "--fifo", "1"]
    if subprocess.run([*first, "true"], check=False, capture_output=True).returncode:
        say("real-time scheduling is not allowed here: whoever else runs shows in the tail")
        return peer

    def launch(python: str, sample: Sample, ports: Ports, folder: Path) -> Launch:
        started = peer.launch(python, sample, ports, folder)
        return replace(started, command=[*first, *started.command])

    return replace(peer, launch=launch)


COUNTING = "a server that only counts, about as long as Slipway computes"


def bare(answer: bytes, cpu: float) -> Peer:
    """A server that gives this answer after so many seconds of steady work: the floor under a latency."""

    def launch(python: str, _: Sample, ports: Ports, folder: Path) -> Launch:
        (folder / "answer").write_bytes(answer)
        server = str(PEERS / "bare" / "server.py")
        return Launch([python, server, str(ports.http), str(folder / "answer"), str(cpu)])

    return Peer(COUNTING, launch)


def bare_model(python: str, sample: Sample, ports: Ports, folder: Path) -> Launch:
    """Bytes in, the model, bytes out: the floor under a server in Python."""
    inputs = folder / "inputs.npz"
    sample.save_inputs(inputs)
    server = str(PEERS / "bare" / "model.py")
    return Launch([python, server, str(ports.http), str(sample.path), str(inputs)])


def fastapi(variant: str) -> Callable[[str, Sample, Ports, Path], Launch]:
    """The service people write by hand."""

    def launch(python: str, sample: Sample, ports: Ports, _: Path) -> Launch:
        flags = ["--no-access-log", "--log-level", "warning", "--loop", "uvloop", "--http", "httptools"]
        app = ["--app-dir", str(PEERS / "fastapi"), f"service:{variant}", "--port", str(ports.http)]
        return Launch([python, "-m", "uvicorn", *app, *flags], {"MODEL": str(sample.path)})

    return launch


def mlserver(python: str, sample: Sample, ports: Ports, folder: Path) -> Launch:
    """MLServer, without its worker processes: on one core they only add a hop."""
    settings = {
        "debug": False,
        "parallel_workers": 0,
        "http_port": ports.http,
        "grpc_port": ports.grpc,
        "metrics_port": ports.metrics,
    }
    model = {
        "name": sample.name,
        "implementation": "onnx_model.OnnxModel",
        "parameters": {"uri": str(sample.path), "version": "1"},
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "model-settings.json").write_text(json.dumps(model))
    command = [str(Path(python).parent / "mlserver"), "start", str(folder)]
    return Launch(command, {"PYTHONPATH": str(PEERS / "mlserver")}, folder)


def kserve(python: str, sample: Sample, ports: Ports, _: Path) -> Launch:
    """A server written with KServe's SDK."""
    listen = ["--http_port", str(ports.http), "--grpc_port", str(ports.grpc)]
    command = [python, str(PEERS / "kserve" / "server.py"), "--model_name", sample.name, *listen]
    return Launch(command, {"MODEL": str(sample.path)})
