"""Raw binary requests: the whole body is the data of the model's only input, its shape is worked out.

The batch is taken to be one request: where the model leaves several dimensions open, the first counts as 1
and one more may follow from the length of the body. All outputs come back as binary data.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.binary_tensor import array_from
from slipway_runtime.protocol.messages import Form, InferenceRequest
from slipway_runtime.protocol.tensors import BYTES, DTYPES

if TYPE_CHECKING:
    import numpy as np

    from slipway_runtime.protocol.signature import Signature, TensorSpec
    from slipway_runtime.protocol.tensors import Array, Shape

BINARY = Form(binary=True)


def decode_raw(body: bytes, model: str, version: str, signature: Signature) -> InferenceRequest:
    """Read a body that is nothing but one input's data.

    Raises:
        InvalidRequest: the model has several inputs, or the shape cannot be worked out.
    """
    if len(signature.inputs) != 1:
        raise InvalidRequest(
            "Raw request must only have 1 input (found 1) to be deduced but got "
            f"{len(signature.inputs)} inputs in '{model}' model configuration"
        )
    spec = signature.inputs[0]
    return InferenceRequest(model, version, "", {spec.name: _array(body, model, spec)}, (), BINARY)


def _array(body: bytes, model: str, spec: TensorSpec) -> Array:
    if spec.datatype == BYTES:
        if any(size not in (1, -1) for size in spec.shape):
            raise InvalidRequest(
                f"For BYTE datatype raw input '{spec.name}', the model must have input shape [1]"
            )
        prefixed = len(body).to_bytes(4, "little") + body
        return array_from(spec.name, BYTES, (1,) * len(spec.shape), memoryview(prefixed), model)
    shape = _shape(len(body), spec, DTYPES[spec.datatype])
    return array_from(spec.name, spec.datatype, shape, memoryview(body), model)


def _shape(length: int, spec: TensorSpec, dtype: np.dtype[Any]) -> Shape:
    shape = list(spec.shape)
    if shape.count(-1) > 1 and shape[0] == -1:
        shape[0] = 1
    if shape.count(-1) > 1:
        raise InvalidRequest(
            f"The shape of the raw input '{spec.name}' can not be deduced because there are more than one "
            "variable-sized dimension"
        )
    if -1 in shape:
        rest = prod(size for size in shape if size != -1) * dtype.itemsize
        shape[shape.index(-1)] = length // rest if rest else 0
    return tuple(shape)
