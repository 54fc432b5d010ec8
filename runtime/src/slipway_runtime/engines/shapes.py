"""What native engines have in common: the specs of matrices, columns and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from slipway_runtime.errors import LoadFailure, Reason
from slipway_runtime.protocol.signature import TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slipway_runtime.engines.parameters import ModelParameters
    from slipway_runtime.protocol.tensors import Array

MATRIX = "input-0"
"""The one input of a model on a matrix: the name that the clients of other servers' such models send."""

LABEL, PROBABILITIES, SCORES, PREDICTION = "label", "probabilities", "scores", "prediction"
PRIMARY = {"": LABEL, "predict": LABEL, "predict_proba": PROBABILITIES, "decision_function": SCORES}


def matrix(columns: int, datatype: str) -> TensorSpec:
    """The spec of rows by columns."""
    return TensorSpec(MATRIX, datatype, (-1, columns))


def label_datatype(classes: Any) -> str:
    """The protocol's name for what a classifier calls its classes."""
    kinds = {"b": "BOOL", "i": "INT64", "u": "INT64", "f": "FP64"}
    return kinds.get(np.asarray(classes).dtype.kind, "BYTES")


def as_datatype(values: Array, datatype: str) -> Array:
    """An answer in the form that its spec promises."""
    types: dict[str, Any] = {"BYTES": object, "INT64": np.int64, "BOOL": np.bool_, "FP64": np.float64}
    if datatype == "FP32":
        return np.ascontiguousarray(values, np.float32)
    return np.ascontiguousarray(values).astype(types[datatype], copy=False)


def label_of(probabilities: Array) -> Array:
    """The most probable class; the first of equals, as numpy's argmax and every estimator here has it."""
    best: Array = np.argmax(probabilities, axis=1).astype(np.int64)
    return best


def primary_output(names: Sequence[str], parameters: ModelParameters, what: str) -> str:
    """The output that the method asks for.

    Raises:
        LoadFailure: UnsupportedFormat; the model has no such method.
    """
    wanted = PRIMARY[parameters.method]
    if wanted in names:
        return wanted
    if wanted == LABEL:
        return names[0]
    methods = [method for method, output in PRIMARY.items() if method and output in names]
    raise LoadFailure(
        Reason.UNSUPPORTED_FORMAT,
        f"{what} has no {parameters.method}: set the parameter method to "
        f"{' or '.join(methods or ['predict'])}",
    )


def probed_shape(answer: Callable[[], Array]) -> tuple[int, ...]:
    """The shape of an answer to one row, its first dimension open."""
    return (-1, *answer().shape[1:])
