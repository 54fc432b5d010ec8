"""What was counted, in the words of Triton's statistics: counts and nanoseconds of each stage.

A request that shared a run counts that run's whole time as its own, as Triton does; so the stages' sums per
request exceed the engine's busy time where requests share runs. Executions are counted under the number of
rows they had.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from slipway_runtime.telemetry.stages import Stages

if TYPE_CHECKING:
    from slipway_runtime.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Duration:
    """So many times, so many nanoseconds in all."""

    count: int
    ns: int


class BatchStatistics(NamedTuple):
    """Executions with one number of rows."""

    batch_size: int
    compute_input: Duration
    compute_infer: Duration
    compute_output: Duration


class ModelStatistics(NamedTuple):
    """One model since the server started.

    Attributes:
        last_inference: milliseconds since the epoch; 0 before the first.
        inference_count: rows.
        execution_count: runs of the model.
        success, fail: requests, and their time in queue and engine.
        queue, compute_input, compute_infer, compute_output: of the successful ones.
        batches: by number of rows, ascending.
    """

    last_inference: int
    inference_count: int
    execution_count: int
    success: Duration
    fail: Duration
    queue: Duration
    compute_input: Duration
    compute_infer: Duration
    compute_output: Duration
    batches: tuple[BatchStatistics, ...]


def model_statistics(metrics: Metrics, model: str) -> ModelStatistics:
    """The statistics of a model, over all protocols and threads."""
    stages = metrics.all_stages().get(model) or Stages()
    sizes, shared = sorted(stages.sizes.items()), stages.shared
    requests = stages.queue.count
    queue = _duration(requests, stages.queue.total)
    joining = _duration(requests, shared.joining + sum(each.joining for _, each in sizes))
    computing = _duration(requests, shared.computing + sum(each.computing for _, each in sizes))
    cutting = _duration(requests, shared.cutting + sum(each.cutting for _, each in sizes))
    failures = stages.failures.values()
    return ModelStatistics(
        last_inference=_epoch_ms(stages.last),
        inference_count=sum(rows * each.runs for rows, each in sizes),
        execution_count=sum(each.runs for _, each in sizes),
        success=Duration(requests, queue.ns + joining.ns + computing.ns + cutting.ns),
        fail=_duration(sum(each.count for each in failures), sum(each.total for each in failures)),
        queue=queue,
        compute_input=joining,
        compute_infer=computing,
        compute_output=cutting,
        batches=tuple(
            BatchStatistics(
                rows,
                _duration(each.runs, each.joining),
                _duration(each.runs, each.computing),
                _duration(each.runs, each.cutting),
            )
            for rows, each in sizes
        ),
    )


def _duration(count: int, seconds: float) -> Duration:
    return Duration(count, round(seconds * 1e9))


def _epoch_ms(at: float) -> int:
    return round((time.time() - time.perf_counter() + at) * 1000) if at else 0
