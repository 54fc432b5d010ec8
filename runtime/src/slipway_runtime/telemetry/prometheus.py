"""Metrics as Prometheus text, format 0.0.4. The names are API and stand in METRICS, nowhere else."""

from __future__ import annotations

import resource
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from slipway_runtime.telemetry.metrics import BOUNDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from slipway_runtime.telemetry.metrics import Histogram, Metrics

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METRICS = {
    "slipway_requests_total": ("counter", "Answered inference requests."),
    "slipway_request_seconds": ("histogram", "From a request's head to its answer."),
    "slipway_queue_seconds": ("histogram", "Waiting for an engine thread; 0 when run at once."),
    "slipway_compute_seconds": ("histogram", "Running the model."),
    "slipway_requests_in_flight": ("gauge", "Requests being answered now."),
    "slipway_model_state": ("gauge", "1 for the state that the model is in."),
    "slipway_model_info": ("gauge", "What is served: always 1."),
    "slipway_model_pull_seconds": ("gauge", "Fetching the model took."),
    "slipway_model_load_seconds": ("gauge", "Loading and warming up took."),
    "process_resident_memory_bytes": ("gauge", "Resident memory size in bytes."),
    "process_cpu_seconds_total": ("counter", "Total user and system CPU time spent in seconds."),
}

Sample: TypeAlias = tuple[str, "Mapping[str, str]", float]  # suffix of the name, labels, value


def render(metrics: Metrics, state: Mapping[str, bool]) -> str:
    """All metrics as text.

    Args:
        metrics: what was counted.
        state: the states that there are, and which one is.
    """
    samples: dict[str, Iterable[Sample]] = {
        "slipway_requests_total": _requests(metrics),
        "slipway_request_seconds": _latency(metrics),
        "slipway_queue_seconds": _stage(metrics, "queue"),
        "slipway_compute_seconds": _stage(metrics, "compute"),
        "slipway_requests_in_flight": [("", {}, metrics.in_flight)],
        "slipway_model_state": [("", {"state": name}, int(found)) for name, found in state.items()],
        "slipway_model_info": [("", metrics.facts, 1)],
        "slipway_model_pull_seconds": [("", {}, metrics.pull_seconds)],
        "slipway_model_load_seconds": [("", {}, metrics.load_seconds)],
        "process_resident_memory_bytes": [("", {}, _resident_bytes())],
        "process_cpu_seconds_total": [("", {}, _cpu_seconds())],
    }
    lines = []
    for name, (kind, what) in METRICS.items():
        lines += [f"# HELP {name} {what}", f"# TYPE {name} {kind}"]
        lines += [_line(name, *sample) for sample in samples[name]]
    return "\n".join(lines) + "\n"


def _line(name: str, suffix: str, labels: Mapping[str, str], value: float) -> str:
    return f"{name}{suffix}{_labels(labels)} {value}"


def _requests(metrics: Metrics) -> Iterator[Sample]:
    for (model, protocol), answers in list(metrics.answers.items()):
        for code, count in list(answers.codes.items()):
            yield "", {"model": model, "protocol": protocol, "code": str(code)}, count


def _latency(metrics: Metrics) -> Iterator[Sample]:
    for (model, protocol), answers in list(metrics.answers.items()):
        yield from _histogram(answers, {"model": model, "protocol": protocol})


def _stage(metrics: Metrics, stage: str) -> Iterator[Sample]:
    for model, stages in list(metrics.stages.items()):
        yield from _histogram(getattr(stages, stage), {"model": model})


def _histogram(histogram: Histogram, labels: Mapping[str, str]) -> Iterator[Sample]:
    running = list(accumulate(list(histogram.counts)))
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), running, strict=True):
        yield "_bucket", {**labels, "le": bound}, count
    yield "_sum", labels, round(histogram.total, 6)
    yield "_count", labels, running[-1]


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _resident_bytes() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * resource.getpagesize()


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
