"""What the conversion needs to know of a model, whichever library it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from slipway_runtime.engines.engine import Engine
    from slipway_runtime.protocol.tensors import Array

MOST_ROWS = 60_000
ORDINARY_ROWS = 2_000


class Probe(NamedTuple):
    """Rows to ask both sides, and what they are, for a message: "on ordinary rows"."""

    where: str
    inputs: Mapping[str, Array]


class Source(Protocol):
    """A model in its own library."""

    @property
    def engine(self) -> Engine:
        """It, served natively: what it says is right."""

    @property
    def library(self) -> str:
        """The library's name."""

    @property
    def categories(self) -> Mapping[int, tuple[Any, ...]]:
        """By column, the values that an encoder learned."""

    def refusal(self) -> str:
        """Why no conversion is tried; empty when one is."""

    def probes(self, random: np.random.Generator) -> list[Probe]:
        """Rows that tell a right conversion from a wrong one."""

    def scores(self, inputs: Mapping[str, Array]) -> Array | None:
        """What labels are chosen by, to recognize ties; None without labels."""

    def to_onnx(self) -> Any:
        """A ModelProto; any exception means that it cannot be made."""
