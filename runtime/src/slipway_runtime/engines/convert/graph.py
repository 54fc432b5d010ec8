"""Gives a converted graph the outputs that the model's own library has: names, ranks, types, no more.

Converters call outputs as they like, give a single score two columns and a plain vector one; a client should
see what `predict` gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from slipway_runtime.engines.convert.gate import Inexact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slipway_runtime.protocol.signature import TensorSpec

ROWS = "rows"
_OPSET = 17
_ELEMENTS = {
    "BOOL": TensorProto.BOOL,
    "INT64": TensorProto.INT64,
    "FP32": TensorProto.FLOAT,
    "FP64": TensorProto.DOUBLE,
    "BYTES": TensorProto.STRING,
}


def finish(
    model: Any,
    inputs: Sequence[str],
    wanted: Mapping[str, tuple[int, TensorSpec]],
    widths: Mapping[int, int],
) -> Any:
    """Replace a graph's outputs, and rename its inputs.

    Args:
        model: a ModelProto; changed.
        inputs: the inputs' names, in the converter's order.
        wanted: by name, the position of the converter's output and the spec it must have.
        widths: by position, the size of its second dimension; 0 where it has one dimension only.

    Returns:
        The model.

    Raises:
        Inexact: an output cannot be brought into its shape.
    """
    graph = model.graph
    raw = {output.name: f"raw_{output.name}" for output in graph.output}
    raw |= {given.name: name for given, name in zip(graph.input, inputs, strict=True)}
    positions = [raw[output.name] for output in graph.output]
    elements = [output.type.tensor_type.elem_type for output in graph.output]
    for node in graph.node:
        for names in (node.input, node.output):
            for index, name in enumerate(names):
                names[index] = raw.get(name, name)
    del graph.output[:]
    for name, (position, spec) in wanted.items():
        source = _ranked(graph, name, positions[position], widths[position], spec)
        element = _ELEMENTS[spec.datatype if spec.datatype != "FP64" or name == "label" else "FP32"]
        same = elements[position] == element
        graph.node.append(
            helper.make_node("Identity", [source], [name])
            if same
            else helper.make_node("Cast", [source], [name], to=element)
        )
        shape: list[str | int | None] = [ROWS, *spec.shape[1:]]
        graph.output.append(helper.make_tensor_value_info(name, element, shape))
    for entry, name in zip(graph.input, inputs, strict=True):
        entry.name = name
        entry.type.tensor_type.shape.dim[0].dim_param = ROWS
    if not any(entry.domain == "" for entry in model.opset_import):
        model.opset_import.append(helper.make_opsetid("", _OPSET))
    model.producer_name = "slipway"
    onnx.checker.check_model(model)
    return model


def _ranked(graph: Any, name: str, source: str, width: int, spec: TensorSpec) -> str:
    """The tensor with the rank that the spec has."""
    if len(spec.shape) == 1:
        if width == 2:  # noqa: PLR2004 # a score for both of two classes: the second one is the estimator's
            graph.initializer.append(numpy_helper.from_array(np.array([1]), f"{name}_second"))
            graph.node.append(
                helper.make_node("Gather", [source, f"{name}_second"], [f"{name}_score"], axis=1)
            )
            source = f"{name}_score"
        elif width > 2:  # noqa: PLR2004 # see above
            raise Inexact(f"output '{name}' has {width} columns, not one")
        graph.initializer.append(numpy_helper.from_array(np.array([-1]), f"{name}_flat"))
        graph.node.append(helper.make_node("Reshape", [source, f"{name}_flat"], [f"{name}_vector"]))
        return f"{name}_vector"
    if len(spec.shape) != 2 or width != spec.shape[1]:  # noqa: PLR2004 # rows by columns
        raise Inexact(f"output '{name}' has {width} columns; {spec.shape[1:]} are right")
    return source
