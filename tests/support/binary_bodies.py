"""Bodies with binary data behind their JSON, as Triton's client lays them out, made without our own codec."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from slipway_runtime.protocol.signature import Signature, TensorSpec
from slipway_runtime.protocol.tensors import Array

Body: TypeAlias = tuple[bytes, int]
"""All of it, and how much of it is JSON."""


def spec(name: str, datatype: str, shape: tuple[int, ...]) -> TensorSpec:
    """One tensor of a signature."""
    return TensorSpec(name, datatype, shape)


def taking(*inputs: TensorSpec) -> Signature:
    """A model that takes these."""
    return Signature("test", inputs, (TensorSpec("y", "FP32", (-1,)),))


def packed(array: Array) -> bytes:
    """An array as binary data."""
    if array.dtype != object:
        return array.tobytes()
    texts = [text if isinstance(text, bytes) else text.encode() for text in array.ravel()]
    return b"".join(len(text).to_bytes(4, "little") + text for text in texts)


def entry(raw: bytes, shape: Any, datatype: Any = "FP32", name: str = "x", **fields: Any) -> dict[str, Any]:
    """One input's JSON whose data is elsewhere."""
    parameters = {"binary_data_size": len(raw)}
    return {"name": name, "shape": shape, "datatype": datatype, "parameters": parameters, **fields}


def with_tail(document: Any, *raw: bytes) -> Body:
    """JSON and what follows it."""
    head = json.dumps(document).encode()
    return b"".join((head, *raw)), len(head)


def request(array: Array, datatype: str, **fields: Any) -> Body:
    """A request with one binary input, x."""
    raw = packed(array)
    return with_tail({"inputs": [entry(raw, list(array.shape), datatype)], **fields}, raw)


def read_answer(body: bytes, length: int | None) -> dict[str, tuple[str, list[int], Any]]:
    """Datatype, shape and data of each output: bytes where they are binary, else what JSON has."""
    head = json.loads(body[:length])
    place = len(body) if length is None else length
    found: dict[str, tuple[str, list[int], Any]] = {}
    for output in head["outputs"]:
        size = output.get("parameters", {}).get("binary_data_size")
        if size is None:
            data = output["data"]
        else:
            assert "data" not in output
            data, place = body[place : place + size], place + size
        found[output["name"]] = (output["datatype"], output["shape"], data)
    assert place == len(body), "something is left of the answer"
    return found
