"""What is compared, and the bars. All of it as values: rounds runs them, table shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slipway_bench import triton
from slipway_bench.launch import Peer, bare_model, fastapi, kserve, mlserver, slipway

OURS = "slipway"
RAW = "raw"  # no server: ONNX Runtime in a loop

PEERS: Mapping[str, Peer] = {
    OURS: Peer("Slipway", slipway()),
    "unbatched": Peer("Slipway, `--max-batch-size 1`", slipway("--max-batch-size", "1")),
    "mlserver": Peer("MLServer 1.7.1", mlserver, "mlserver"),
    "fastapi": Peer("FastAPI + pydantic + ONNX Runtime, coroutine", fastapi("inline"), "fastapi"),
    "fastapi-function": Peer("the same, plain function", fastapi("threads"), "fastapi"),
    "triton": Peer("Triton 2.51, Python backend", triton.launch, "triton"),
    "kserve": Peer("KServe 0.21 SDK", kserve, "kserve"),
    "bare": Peer("no protocol: bytes in, the model, bytes out", bare_model),
}
RAW_TITLE = "ONNX Runtime in a loop, no server"


@dataclass(frozen=True)
class Contest:
    """The same requests to several servers.

    Attributes:
        name: on the command line.
        title: in the table.
        sample: of models.SAMPLES.
        form: json, binary or grpc.
        connections: each asks again when it has its answer.
        bars: by peer: our requests per second are at least so many times its; 0 is shown and not judged.
    """

    name: str
    title: str
    sample: str
    form: str
    connections: int
    bars: Mapping[str, float]


@dataclass(frozen=True)
class Tail:
    """Latency under arrivals at half of the top rate; the bar is p99 in p50s."""

    name: str
    title: str
    sample: str
    bar: float


@dataclass(frozen=True)
class Start:
    """Process start to ready; the bar is in seconds."""

    name: str
    title: str
    sample: str
    bar: float
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Busy:
    """What is answered while every worker is busy for seconds; bars are seconds for the slowest answer.

    Attributes:
        bars: by what is asked: 503 for the request that finds the queue full, or a path of the probes' port.
    """

    name: str
    title: str
    sample: str
    bars: Mapping[str, float]


CONTESTS = (
    Contest(
        "iris-json-c1",
        "iris 1 x 4, JSON, 1 connection",
        "iris",
        "json",
        1,
        {"mlserver": 4, "fastapi": 0, "triton": 0},
    ),
    Contest(
        "iris-json-c16",
        "iris 1 x 4, JSON, 16 connections",
        "iris",
        "json",
        16,
        {"mlserver": 8, "fastapi": 4.5, "fastapi-function": 0, "triton": 2.5},
    ),
    Contest(
        "iris-grpc-c8",
        "iris 1 x 4, gRPC, 8 connections",
        "iris",
        "grpc",
        8,
        {"kserve": 3, "triton": 1.2},
    ),
    Contest(
        "mlp-json-c16",
        "MLP 32 x 784, JSON, 16 connections",
        "mlp-32",
        "json",
        16,
        {"mlserver": 1.6, "triton": 1.6, "fastapi": 0},
    ),
    Contest(
        "mlp-binary-c16",
        "MLP 32 x 784, binary, 16 connections",
        "mlp-32",
        "binary",
        16,
        {RAW: 0.7, "bare": 0, "triton": 1.3},
    ),
    Contest(
        "batching-json-c16",
        "MLP 1 x 784, JSON, 16 connections",
        "mlp-1",
        "json",
        16,
        {"unbatched": 1.4},
    ),
    Contest(
        "batching-binary-c16",
        "MLP 1 x 784, binary, 16 connections",
        "mlp-1",
        "binary",
        16,
        {"unbatched": 1.4},
    ),
    Contest(
        "batching-grpc-c16",
        "MLP 1 x 784, gRPC, 16 connections",
        "mlp-1",
        "grpc",
        16,
        {"unbatched": 0},
    ),
    Contest(
        "resnet-binary-c8",
        "light ResNet-50, binary, 8 connections",
        "resnet",
        "binary",
        8,
        {RAW: 0.9},
    ),
)
TAILS = (Tail("iris-tail", "iris 1 x 4, JSON, arrivals at half of the top rate", "iris", 3),)
STARTS = (
    Start("start-small", "iris, 1 kB of ONNX", "iris", 1),
    Start("start-large", "one layer, 100 MB of ONNX", "layer", 3),
    Start(
        "start-converted",
        "random forest, a scikit-learn pickle",
        "forest",
        8,
        ("--implementation", "SKLEARN_SERVER"),
    ),
)
BUSY = (
    Busy(
        "busy",
        "every worker busy for seconds",
        "turns",
        {"503": 0.05, "/livez": 0.1, "/readyz": 0.1, "/metrics": 0.1},
    ),
)
NAMES = tuple(case.name for case in (*CONTESTS, *TAILS, *STARTS, *BUSY))
