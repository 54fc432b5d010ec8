"""Statistics in Triton's JSON: `{"model_stats": [...]}`, counts and nanoseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipway_runtime.telemetry.statistics import BatchStatistics, Duration, ModelStatistics


def statistics_body(name: str, version: str, found: ModelStatistics) -> dict[str, Any]:
    """One entry of `model_stats`; there is no cache, so its counts are 0."""
    none = {"count": 0, "ns": 0}
    return {
        "name": name,
        "version": version,
        "last_inference": found.last_inference,
        "inference_count": found.inference_count,
        "execution_count": found.execution_count,
        "inference_stats": {
            "success": _duration(found.success),
            "fail": _duration(found.fail),
            "queue": _duration(found.queue),
            "compute_input": _duration(found.compute_input),
            "compute_infer": _duration(found.compute_infer),
            "compute_output": _duration(found.compute_output),
            "cache_hit": none,
            "cache_miss": none,
        },
        "response_stats": {},
        "batch_stats": [_batch(each) for each in found.batches],
        "memory_usage": [],
    }


def _batch(found: BatchStatistics) -> dict[str, Any]:
    return {
        "batch_size": found.batch_size,
        "compute_input": _duration(found.compute_input),
        "compute_infer": _duration(found.compute_infer),
        "compute_output": _duration(found.compute_output),
    }


def _duration(found: Duration) -> dict[str, int]:
    return {"count": found.count, "ns": found.ns}
