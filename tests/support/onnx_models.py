"""Tiny ONNX graphs for tests, each for one thing that an engine or the scan must get right.

`model(...)` wraps nodes into a checked ModelProto of an opset that every supported ONNX Runtime reads;
`save` writes one to a path.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8

Dimensions: TypeAlias = Sequence[int | str | None]
Model: TypeAlias = Any
"""An onnx.ModelProto; the package publishes no types that mypy reads."""

ELEMENT_TYPES: dict[str, int] = {
    "BOOL": TensorProto.BOOL,
    "UINT8": TensorProto.UINT8,
    "UINT16": TensorProto.UINT16,
    "UINT32": TensorProto.UINT32,
    "UINT64": TensorProto.UINT64,
    "INT8": TensorProto.INT8,
    "INT16": TensorProto.INT16,
    "INT32": TensorProto.INT32,
    "INT64": TensorProto.INT64,
    "FP16": TensorProto.FLOAT16,
    "BF16": TensorProto.BFLOAT16,
    "FP32": TensorProto.FLOAT,
    "FP64": TensorProto.DOUBLE,
    "BYTES": TensorProto.STRING,
}
"""The protocol's datatypes in ONNX's words."""


def value(name: str, datatype: str = "FP32", shape: Dimensions | None = (None, 2)) -> Any:
    """An input or output; None or a name is an open dimension, a shape of None says nothing at all."""
    return helper.make_tensor_value_info(name, ELEMENT_TYPES[datatype], shape)


def model(
    nodes: Sequence[Any],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    *,
    initializers: Sequence[Any] = (),
    sparse: Sequence[Any] = (),
    functions: Sequence[Any] = (),
) -> Model:
    """A model of these nodes."""
    graph = helper.make_graph(
        nodes, "graph", inputs, outputs, initializer=initializers, sparse_initializer=sparse
    )
    return helper.make_model(
        graph,
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
        functions=functions,
        producer_name="slipway-tests",
    )


def identity(datatype: str = "FP32", shape: Dimensions = (None, 2)) -> Model:
    """Y = x, for any datatype."""
    node = helper.make_node("Identity", ["x"], ["y"])
    return model([node], [value("x", datatype, shape)], [value("y", datatype, shape)])


def linear(columns: int = 2) -> Model:
    """Y = x·w + b over an open batch axis; w counts up from 0, b is 0.5."""
    weights = np.arange(columns, dtype=np.float32).reshape(columns, 1)
    return model(
        [helper.make_node("MatMul", ["x", "w"], ["z"]), helper.make_node("Add", ["z", "b"], ["y"])],
        [value("x", "FP32", (None, columns))],
        [value("y", "FP32", (None, 1))],
        initializers=[
            numpy_helper.from_array(weights, "w"),
            numpy_helper.from_array(np.array([0.5], dtype=np.float32), "b"),
        ],
    )


def two_of_each() -> Model:
    """Two inputs of different types, two outputs: total = a + float(n), twice = n + n."""
    nodes = [
        helper.make_node("Cast", ["n"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["a", "f"], ["total"]),
        helper.make_node("Add", ["n", "n"], ["twice"]),
    ]
    shape = ("batch", 3)
    return model(
        nodes,
        [value("a", "FP32", shape), value("n", "INT64", shape)],
        [value("total", "FP32", shape), value("twice", "INT64", shape)],
    )


def reshaped_to_rows_of(columns: int) -> Model:
    """Takes any length that is a multiple of `columns`, and fails on every other one."""
    rows = numpy_helper.from_array(np.array([-1, columns], dtype=np.int64), "rows")
    return model(
        [helper.make_node("Reshape", ["x", "rows"], ["y"])],
        [value("x", "FP32", (None,))],
        [value("y", "FP32", (None, columns))],
        initializers=[rows],
    )


def with_external_weight(location: str, *, offset: str | None = None, length: str | None = None) -> Model:
    """A model whose only weight says that its two floats lie in another file."""
    made = linear()
    made.graph.initializer[0].CopyFrom(external_tensor("w", (2, 1), location, offset=offset, length=length))
    return made


def external_tensor(
    name: str,
    shape: Sequence[int],
    location: str,
    *,
    offset: str | None = None,
    length: str | None = None,
) -> Any:
    """A tensor whose bytes lie at `location`."""
    tensor = TensorProto(
        name=name, dims=shape, data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL
    )
    for key, text in (("location", location), ("offset", offset), ("length", length)):
        if text is not None:
            add_external_entry(tensor, key, text)
    return tensor


def add_external_entry(tensor: Any, key: str, text: str) -> None:
    """One more line of a tensor's external data."""
    entry = tensor.external_data.add()
    entry.key, entry.value = key, text


def save(made: Model, path: Path) -> Path:
    """Write it; returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made.SerializeToString())
    return path


def check(made: Model) -> Model:
    """The same model, after the onnx package's own checker agreed."""
    onnx.checker.check_model(made)
    return made
