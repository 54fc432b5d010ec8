"""TensorFlow Serving's model status and metadata, as protobuf writes JSON: 64-bit numbers are strings.

The status also carries `name` and `ready`, which is KServe V1's answer on the same path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slipway_runtime.protocol.tfs_rest import DEFAULT_SIGNATURE, answered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slipway_runtime.protocol.signature import Signature, TensorSpec

_DTYPES = {
    "BOOL": "DT_BOOL",
    "UINT8": "DT_UINT8",
    "UINT16": "DT_UINT16",
    "UINT32": "DT_UINT32",
    "UINT64": "DT_UINT64",
    "INT8": "DT_INT8",
    "INT16": "DT_INT16",
    "INT32": "DT_INT32",
    "INT64": "DT_INT64",
    "FP16": "DT_HALF",
    "BF16": "DT_BFLOAT16",
    "FP32": "DT_FLOAT",
    "FP64": "DT_DOUBLE",
    "BYTES": "DT_STRING",
}
_STATES = {
    "PENDING": "START",
    "PULLING": "LOADING",
    "LOADING": "LOADING",
    "READY": "AVAILABLE",
    "DRAINING": "AVAILABLE",
}
_END = "END"


def status(name: str, versions: Iterable[str], state: str, *, ready: bool) -> dict[str, Any]:
    """The body of `GET /v1/models/<name>`.

    Args:
        name: of the model.
        versions: that are served.
        state: of the model's life, in this server's words.
        ready: it answers.
    """
    ended = state not in _STATES
    told = {
        "error_code": "UNAVAILABLE" if ended else "OK",
        "error_message": f"the model is {state}" if ended else "",
    }
    return {
        "model_version_status": [
            {"version": version, "state": _STATES.get(state, _END), "status": told} for version in versions
        ],
        "name": name,
        "ready": ready,
    }


def metadata(name: str, version: str, signature: Signature) -> dict[str, Any]:
    """The body of `GET /v1/models/<name>/metadata`."""
    outputs = [signature.output_by_name[output] for output in answered(signature)]
    definition = {
        "inputs": {spec.name: _tensor(spec) for spec in signature.inputs},
        "outputs": {spec.name: _tensor(spec) for spec in outputs},
        "method_name": "tensorflow/serving/predict",
    }
    return {
        "model_spec": {"name": name, "signature_name": "", "version": version},
        "metadata": {"signature_def": {"signature_def": {DEFAULT_SIGNATURE: definition}}},
    }


def _tensor(spec: TensorSpec) -> dict[str, Any]:
    dimensions = [{"size": str(size), "name": ""} for size in spec.shape]
    return {
        "dtype": _DTYPES.get(spec.datatype, "DT_INVALID"),
        "tensor_shape": {"dim": dimensions, "unknown_rank": False},
        "name": f"{spec.name}:0",
    }
