"""Metrics as Prometheus text, format 0.0.4. The names are API and stand in METRICS, nowhere else."""

from __future__ import annotations

import resource
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from slipway_runtime.telemetry.histogram import BOUNDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slipway_runtime.telemetry.histogram import Histogram
    from slipway_runtime.telemetry.metrics import Answers, Metrics
    from slipway_runtime.telemetry.stages import Stages

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METRICS = {
    "slipway_requests_total": ("counter", "Answered inference requests."),
    "slipway_request_seconds": ("histogram", "From a request's head to its answer."),
    "slipway_received_bytes_total": ("counter", "Bodies of inference requests."),
    "slipway_sent_bytes_total": ("counter", "Bodies of their answers."),
    "slipway_queue_seconds": ("histogram", "Each request's wait for its run; 0 when run at once."),
    "slipway_compute_seconds": ("histogram", "Each run of the model; requests may share one."),
    "slipway_batch_rows": ("histogram", "Rows of each run of the model."),
    "slipway_failures_total": ("counter", "Requests for which the model gave no result, by reason."),
    "slipway_requests_in_flight": ("gauge", "Requests being answered now."),
    "slipway_requests_waiting": ("gauge", "Requests in the queue for an engine thread."),
    "slipway_model_state": ("gauge", "1 for the state that the model is in."),
    "slipway_model_info": ("gauge", "What is served: always 1."),
    "slipway_model_pull_seconds": ("gauge", "Fetching the model took."),
    "slipway_model_load_seconds": ("gauge", "Loading and warming up took."),
    "process_resident_memory_bytes": ("gauge", "Resident memory size in bytes."),
    "process_cpu_seconds_total": ("counter", "Total user and system CPU time spent in seconds."),
}
ROW_BOUNDS = tuple(1 << power for power in range(13))

Sample: TypeAlias = tuple[str, "Mapping[str, str]", float]  # suffix of the name, labels, value


def render(metrics: Metrics, state: Mapping[str, bool]) -> str:
    """All metrics as text.

    Args:
        metrics: what was counted.
        state: the states that there are, and which one is.
    """
    samples: dict[str, list[Sample]] = {
        **_of_answers(metrics.all_answers()),
        **_of_stages(metrics.all_stages(), metrics.in_flight),
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


def _of_answers(sums: Mapping[tuple[str, str], Answers]) -> dict[str, list[Sample]]:
    labelled = [({"model": model, "protocol": protocol}, each) for (model, protocol), each in sums.items()]
    return {
        "slipway_requests_total": [
            ("", {**labels, "code": str(code)}, count)
            for labels, each in labelled
            for code, count in each.codes.items()
        ],
        "slipway_request_seconds": [
            sample for labels, each in labelled for sample in _histogram(each, labels)
        ],
        "slipway_received_bytes_total": [("", labels, each.received) for labels, each in labelled],
        "slipway_sent_bytes_total": [("", labels, each.sent) for labels, each in labelled],
    }


def _of_stages(sums: Mapping[str, Stages], in_flight: int) -> dict[str, list[Sample]]:
    labelled = [({"model": model}, each) for model, each in sums.items()]
    blocking = sum(each.begun - each.ended for each in sums.values())
    return {
        "slipway_queue_seconds": [
            sample for labels, each in labelled for sample in _histogram(each.queue, labels)
        ],
        "slipway_compute_seconds": [
            sample for labels, each in labelled for sample in _histogram(each.compute, labels)
        ],
        "slipway_batch_rows": [sample for labels, each in labelled for sample in _rows(each, labels)],
        "slipway_failures_total": [
            ("", {**labels, "reason": reason}, failed.count)
            for labels, each in labelled
            for reason, failed in each.failures.items()
        ],
        "slipway_requests_in_flight": [("", {}, in_flight + blocking)],
        "slipway_requests_waiting": [("", {}, sum(each.waiting for each in sums.values()))],
    }


def _line(name: str, suffix: str, labels: Mapping[str, str], value: float) -> str:
    return f"{name}{suffix}{_labels(labels)} {value}"


def _histogram(histogram: Histogram, labels: Mapping[str, str]) -> Iterator[Sample]:
    running = list(accumulate(histogram.counts))
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), running, strict=True):
        yield "_bucket", {**labels, "le": bound}, count
    yield "_sum", labels, round(histogram.total, 6)
    yield "_count", labels, running[-1]


def _rows(stages: Stages, labels: Mapping[str, str]) -> Iterator[Sample]:
    sizes = stages.sizes.items()
    for bound in ROW_BOUNDS:
        yield "_bucket", {**labels, "le": str(bound)}, sum(each.runs for rows, each in sizes if rows <= bound)
    runs = sum(each.runs for _, each in sizes)
    yield "_bucket", {**labels, "le": "+Inf"}, runs
    yield "_sum", labels, sum(rows * each.runs for rows, each in sizes)
    yield "_count", labels, runs


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
