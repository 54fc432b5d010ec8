"""What a model takes and gives: read from the model itself, never from configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from slipway_runtime.protocol.tensors import DTYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from slipway_runtime.protocol.tensors import Shape


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output.

    Attributes:
        name: as in the model.
        datatype: the protocol's name, for example FP32.
        shape: -1 where the model leaves a dimension open.
        dtype: numpy's; None where numpy has none.
        fixed: the dimensions that are not open, as pairs of axis and size.
    """

    name: str
    datatype: str
    shape: Shape
    dtype: np.dtype[Any] | None = field(init=False, compare=False, repr=False)
    fixed: tuple[tuple[int, int], ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Prepare what every request asks."""
        object.__setattr__(self, "dtype", DTYPES.get(self.datatype))
        fixed = tuple((axis, size) for axis, size in enumerate(self.shape) if size != -1)
        object.__setattr__(self, "fixed", fixed)

    def accepts(self, shape: Shape) -> bool:
        """True when every fixed dimension agrees."""
        if len(shape) != len(self.shape):
            return False
        for axis, size in self.fixed:  # noqa: SIM110 # each request asks: a generator costs five times as much
            if shape[axis] != size:
                return False
        return True


@dataclass(frozen=True, slots=True)
class Signature:
    """A model's declared inputs and outputs.

    Attributes:
        platform: format and engine in the protocol's words, for example onnxruntime_onnx.
        inputs: in the model's order.
        outputs: in the model's order.
        primary: the output that protocols with one answer give; empty stands for the first.
        features: names of the columns of a single two-dimensional input, where the model knows them.
        notes: what else metadata tells about the model: its engine, and why that one.
    """

    platform: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    primary: str = ""
    features: tuple[str, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    input_by_name: dict[str, TensorSpec] = field(init=False, compare=False, repr=False)
    output_names: tuple[str, ...] = field(init=False, compare=False, repr=False)
    output_by_name: dict[str, TensorSpec] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Prepare the look-ups that every request makes."""
        object.__setattr__(self, "input_by_name", {spec.name: spec for spec in self.inputs})
        object.__setattr__(self, "output_names", tuple(spec.name for spec in self.outputs))
        object.__setattr__(self, "output_by_name", {spec.name: spec for spec in self.outputs})
