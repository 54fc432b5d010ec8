"""Which requests of a model may share one run of its engine. Pure: a table of limits and a key.

Rows may share a run where every input and output has an open first dimension and the load-time trial showed
that the model gives each row the same answer in company as alone. Requests then belong together when they
agree in everything but the number of rows: the shapes beyond the first dimension, and the outputs asked for.
Requests whose own size already makes good use of the engine run alone: sharing would only make them wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from slipway_runtime.protocol.signature import Signature
    from slipway_runtime.protocol.tensors import Array

MAX_ELEMENTS = 2**20  # inputs of one shared run: its buffers stay small beside the model's own


@dataclass(frozen=True, slots=True)
class Batching:
    """The limits of one model.

    Attributes:
        inputs: names; empty where the model has no batch dimension.
        one_shape: every dimension but the first is fixed.
        max_rows: rows of a shared run; below 2 nothing is shared.
        loop_rows: requests of up to so many rows share runs on the event loop; 0 is none.
        thread_rows: the same on the engine threads.
        loop_elements: inputs of a shared run on the event loop.
        note: why it is as it is, for the log and the metadata.
    """

    inputs: tuple[str, ...] = ()
    one_shape: bool = False
    max_rows: int = 1
    loop_rows: int = 0
    thread_rows: int = 0
    loop_elements: int = 0
    note: str = "off"

    def rows(self, inputs: Mapping[str, Array]) -> int:
        """Rows of a request; 0 where its inputs disagree, 1 where the model has no batch dimension."""
        rows = 0
        for name in self.inputs:
            found: int = inputs[name].shape[0]
            if rows and found != rows:
                return 0
            rows = found
        return rows if self.inputs else 1

    def group(self, inputs: Mapping[str, Array], outputs: Sequence[str], rows: int, limit: int) -> Hashable:
        """What a request has in common with those it may share a run with; None runs alone.

        Args:
            inputs: validated.
            outputs: names.
            rows: of this request.
            limit: loop_rows or thread_rows.
        """
        if not 0 < rows <= limit:
            return None
        if self.one_shape:
            return tuple(outputs)
        return (tuple(outputs), *(inputs[name].shape[1:] for name in self.inputs))


def batch_dimension(signature: Signature) -> str:
    """Empty where every input and output has an open first dimension, else which has not."""
    for kind, specs in (("input", signature.inputs), ("output", signature.outputs)):
        for spec in specs:
            if not spec.shape or spec.shape[0] != -1:
                return f"the first dimension of {kind} '{spec.name}' is not open"
    return "" if signature.inputs else "the model has no inputs"


def one_shape(signature: Signature) -> bool:
    """True where nothing but the number of rows can differ between requests."""
    return all(-1 not in spec.shape[1:] for spec in signature.inputs)
