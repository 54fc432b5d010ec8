"""Open Inference Protocol, REST: what the server and a model say about themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slipway_runtime.protocol.signature import Signature, TensorSpec

SERVER_NAME = "slipway"
# Names as in Triton's `GET /v2`; each is added with the code that honours it.
EXTENSIONS = ("classification", "statistics", "binary_tensor_data")


def server_metadata(version: str) -> dict[str, Any]:
    """The body of `GET /v2`."""
    return {"name": SERVER_NAME, "version": version, "extensions": list(EXTENSIONS)}


def model_metadata(name: str, versions: Iterable[str], signature: Signature) -> dict[str, Any]:
    """The body of `GET /v2/models/<name>`; the model's notes are its parameters."""
    found = {
        "name": name,
        "versions": list(versions),
        "platform": signature.platform,
        "inputs": [_tensor(spec) for spec in signature.inputs],
        "outputs": [_tensor(spec) for spec in signature.outputs],
    }
    return {**found, "parameters": dict(signature.notes)} if signature.notes else found


def _tensor(spec: TensorSpec) -> dict[str, Any]:
    return {"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)}
