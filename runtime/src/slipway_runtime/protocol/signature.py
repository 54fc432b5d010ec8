"""What a model takes and gives: read from the model itself, never from configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slipway_runtime.protocol.tensors import Shape


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output.

    Attributes:
        name: as in the model.
        datatype: the protocol's name, for example FP32.
        shape: -1 where the model leaves a dimension open.
    """

    name: str
    datatype: str
    shape: Shape

    def accepts(self, shape: Shape) -> bool:
        """True when every fixed dimension agrees."""
        return len(shape) == len(self.shape) and all(
            want in (-1, have) for want, have in zip(self.shape, shape, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Signature:
    """A model's declared inputs and outputs.

    Attributes:
        platform: format and engine in the protocol's words, for example onnxruntime_onnx.
        inputs: in the model's order.
        outputs: in the model's order.
    """

    platform: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    input_by_name: dict[str, TensorSpec] = field(init=False, compare=False, repr=False)
    output_names: tuple[str, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Prepare the look-ups that every request makes."""
        object.__setattr__(self, "input_by_name", {spec.name: spec for spec in self.inputs})
        object.__setattr__(self, "output_names", tuple(spec.name for spec in self.outputs))
