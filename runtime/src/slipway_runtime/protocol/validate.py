"""Does the request fit the model? Asked before anything is queued: nothing invalid reaches an engine.

The texts follow Triton's where Triton has one: its clients' users know them. A remedy follows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.tensors import datatype_of, shape_text
from slipway_runtime.protocol.words import quoted

if TYPE_CHECKING:
    from slipway_runtime.protocol.messages import InferenceRequest
    from slipway_runtime.protocol.signature import Signature, TensorSpec
    from slipway_runtime.protocol.tensors import Array


def validate(request: InferenceRequest, signature: Signature) -> None:
    """Compare names, datatypes and shapes with the signature.

    Raises:
        InvalidRequest: naming the first difference and what the model wants instead.
    """
    specs = signature.input_by_name
    for name, array in request.inputs.items():
        spec = specs.get(name)
        if spec is None:
            raise InvalidRequest(
                f"unexpected inference input {quoted(name)} for model '{request.model}'; "
                f"it takes {_names(tuple(specs))}"
            )
        if array.dtype is not spec.dtype or not spec.accepts(array.shape):
            _check_tensor(array, spec, request.model)
    if len(request.inputs) != len(specs):
        missing = tuple(name for name in specs if name not in request.inputs)
        raise InvalidRequest(
            f"expected {len(specs)} inputs but got {len(request.inputs)} inputs for model '{request.model}'; "
            f"missing: {_names(missing)}"
        )
    if request.outputs:
        _check_outputs(request, signature)


def _check_tensor(array: Array, spec: TensorSpec, model: str) -> None:
    datatype = datatype_of(array)
    if datatype != spec.datatype:
        raise InvalidRequest(
            f"inference input '{spec.name}' data-type is '{datatype}', "
            f"but model '{model}' expects '{spec.datatype}'"
        )
    if not spec.accepts(array.shape):
        raise InvalidRequest(
            f"unexpected shape for input '{spec.name}' for model '{model}'. "
            f"Expected {shape_text(spec.shape)}, got {shape_text(array.shape)}; -1 stands for any size"
        )


def _check_outputs(request: InferenceRequest, signature: Signature) -> None:
    for name in request.outputs:
        if name not in signature.output_names:
            raise InvalidRequest(
                f"unexpected inference output {quoted(name)} for model '{request.model}'; "
                f"it gives {_names(signature.output_names)}"
            )
    if len(set(request.outputs)) != len(request.outputs):
        raise InvalidRequest("an output is asked for twice: name each output once")


def _names(names: tuple[str, ...]) -> str:
    shown = ", ".join(quoted(name) for name in names[:16])
    return f"{shown} and {len(names) - 16} more" if len(names) > 16 else shown  # noqa: PLR2004 # a readable line
