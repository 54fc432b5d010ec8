"""Open Inference Protocol, gRPC: what a model says about itself, filled into the protocol's messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slipway_runtime.protocol.signature import Signature

# Triton's numbers of the datatypes in a model's configuration.
CONFIG_TYPES = {
    "BOOL": 1,
    "UINT8": 2,
    "UINT16": 3,
    "UINT32": 4,
    "UINT64": 5,
    "INT8": 6,
    "INT16": 7,
    "INT32": 8,
    "INT64": 9,
    "FP16": 10,
    "FP32": 11,
    "FP64": 12,
    "BYTES": 13,
    "BF16": 14,
}


def metadata(name: str, versions: Iterable[str], signature: Signature, answer: Any) -> None:
    """Fill a ModelMetadataResponse."""
    answer.name = name
    answer.versions.extend(versions)
    answer.platform = signature.platform
    for spec in signature.inputs:
        answer.inputs.add(name=spec.name, datatype=spec.datatype, shape=spec.shape)
    for spec in signature.outputs:
        answer.outputs.add(name=spec.name, datatype=spec.datatype, shape=spec.shape)


def config(name: str, signature: Signature, answer: Any) -> None:
    """Fill a ModelConfig. `max_batch_size` stays 0: the dims hold every dimension that the model declares."""
    answer.name = name
    answer.platform = signature.platform
    answer.backend = signature.platform.partition("_")[0]
    for spec in signature.inputs:
        answer.input.add(name=spec.name, data_type=CONFIG_TYPES.get(spec.datatype, 0), dims=spec.shape)
    for spec in signature.outputs:
        answer.output.add(name=spec.name, data_type=CONFIG_TYPES.get(spec.datatype, 0), dims=spec.shape)
    for key, text in signature.notes.items():
        answer.parameters[key].string_value = text


def statistics(name: str, version: str, counted: Any, answer: Any) -> None:
    """Fill a ModelStatistics.

    Args:
        name: of the model.
        version: of the model.
        counted: telemetry's statistics of it: the same words, durations with `count` and `ns`.
        answer: the message.
    """
    answer.name, answer.version = name, version
    for key in ("last_inference", "inference_count", "execution_count"):
        setattr(answer, key, getattr(counted, key))
    for key in ("success", "fail", "queue", "compute_input", "compute_infer", "compute_output"):
        _duration(getattr(answer.inference_stats, key), getattr(counted, key))
    for batch in counted.batches:
        entry = answer.batch_stats.add(batch_size=batch.batch_size)
        for key in ("compute_input", "compute_infer", "compute_output"):
            _duration(getattr(entry, key), getattr(batch, key))


def _duration(answer: Any, counted: Any) -> None:
    answer.count, answer.ns = counted.count, counted.ns
