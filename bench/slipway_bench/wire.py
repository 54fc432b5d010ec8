"""One request as bytes, in each of the three ways, and an answer as arrays.

JSON is written as numpy and the standard library write it, which is what most clients send: a float32 becomes
the double next to it, seventeen digits long. Every server is asked for the same outputs in the same form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from slipway_bench import protobuf
from slipway_bench.sample import Array, Sample

DATATYPES = {"float32": "FP32", "float64": "FP64", "int64": "INT64", "int32": "INT32"}
_DTYPES = {datatype: np.dtype(name) for name, datatype in DATATYPES.items()}
GRPC_PATH = "/inference.GRPCInferenceService/ModelInfer"
HEADER_LENGTH = "Inference-Header-Content-Length"
TOLERANCE = (
    1e-4  # relative, and absolute around 0: other versions of the same library add up in another order
)


@dataclass(frozen=True)
class Message:
    """What is sent.

    Attributes:
        path: of the URL.
        body: of an HTTP request; for gRPC the message without its frame.
        headers: of the request.
    """

    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def message(sample: Sample, form: str) -> Message:
    """A sample's request.

    Args:
        sample: the request.
        form: json, binary or grpc.
    """
    return {"json": _json, "binary": _binary, "grpc": _grpc}[form](sample)


def check(sample: Sample, form: str, headers: Mapping[str, str], body: bytes) -> None:
    """Fail unless an answer has exactly the expected outputs."""
    found = {"json": _read_json, "binary": _read_binary, "grpc": _read_grpc}[form](headers, body)
    assert set(found) == set(sample.expected), f"outputs {sorted(found)}, not {sorted(sample.expected)}"
    for name, value in sample.expected.items():
        same = np.allclose(np.ravel(found[name]), np.ravel(value), rtol=TOLERANCE, atol=TOLERANCE)
        assert same, f"{name}: {np.ravel(found[name])[:8]} is not {np.ravel(value)[:8]}"


def _json(sample: Sample) -> Message:
    inputs = [_described(name, x) | {"data": x.ravel().tolist()} for name, x in sample.inputs.items()]
    body = json.dumps({"inputs": inputs}).encode()
    return Message(_url(sample), body, {"Content-Type": "application/json"})


def _binary(sample: Sample) -> Message:
    inputs = [
        _described(name, x) | {"parameters": {"binary_data_size": x.nbytes}}
        for name, x in sample.inputs.items()
    ]
    head = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
    body = head + b"".join(x.tobytes() for x in sample.inputs.values())
    headers = {"Content-Type": "application/octet-stream", HEADER_LENGTH: str(len(head))}
    return Message(_url(sample), body, headers)


def _grpc(sample: Sample) -> Message:
    parts = [protobuf.field(1, sample.name)]
    for name, x in sample.inputs.items():
        tensor = (
            protobuf.field(1, name) + protobuf.field(2, DATATYPES[x.dtype.name]) + protobuf.packed(3, x.shape)
        )
        parts.append(protobuf.field(5, tensor))
    parts += [protobuf.field(7, x.tobytes()) for x in sample.inputs.values()]
    return Message(GRPC_PATH, b"".join(parts))


def _described(name: str, x: Array) -> dict[str, Any]:
    return {"name": name, "shape": list(x.shape), "datatype": DATATYPES[x.dtype.name]}


def _url(sample: Sample) -> str:
    return f"/v2/models/{sample.name}/infer"


def _read_json(_: Mapping[str, str], body: bytes) -> dict[str, Array]:
    return {output["name"]: np.array(output["data"]) for output in json.loads(body)["outputs"]}


def _read_binary(headers: Mapping[str, str], body: bytes) -> dict[str, Array]:
    at = int(headers[HEADER_LENGTH])
    found = {}
    for output in json.loads(body[:at])["outputs"]:
        size = output["parameters"]["binary_data_size"]
        found[output["name"]] = np.frombuffer(body[at : at + size], _DTYPES[output["datatype"]])
        at += size
    return found


def _read_grpc(_: Mapping[str, str], body: bytes) -> dict[str, Array]:
    answer = protobuf.fields(body)
    tensors = [protobuf.fields(tensor) for tensor in answer[5]]
    assert len(tensors) == len(answer[6]), "the answer's tensors are not raw"
    return {
        tensor[1][0].decode(): np.frombuffer(raw, _DTYPES[tensor[2][0].decode()])
        for tensor, raw in zip(tensors, answer[6], strict=True)
    }
