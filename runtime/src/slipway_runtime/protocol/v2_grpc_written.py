"""Answers over gRPC whose like was written before: only their numbers are new.

A model gives the same names, datatypes and shapes again and again, and protobuf would write them anew each
time. So a message is kept in pieces, each of which stands before one output's numbers.
Not for answers with an id, with text, or in a form that a client asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from slipway_runtime.protocol.kept import Kept
from slipway_runtime.protocol.tensors import BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slipway_runtime.protocol.messages import InferenceResult
    from slipway_runtime.protocol.signature import TensorSpec
    from slipway_runtime.protocol.tensors import Shape


class _Pieces(NamedTuple):
    """A message without its numbers.

    Attributes:
        specs: of the outputs.
        outputs: what stands before each one's numbers, and how many bytes these are.
    """

    specs: Sequence[TensorSpec]
    outputs: tuple[tuple[bytes, int], ...]


_PIECES: Kept[tuple[str | Shape, ...], _Pieces] = Kept()  # by model, version and shapes


def write_again(result: InferenceResult) -> bytes | None:
    """A ModelInferResponse's bytes; None where its like was not kept."""
    arrays = result.arrays
    pieces = _PIECES.get((result.model, result.version, *[array.shape for array in arrays]))
    if pieces is None or result.id or pieces.specs != result.specs:
        return None
    written: list[bytes] = []
    for (before, size), array in zip(pieces.outputs, arrays, strict=True):
        numbers = array.tobytes()
        if len(numbers) != size:
            return None
        written += (before, numbers)
    return b"".join(written)


def keep(result: InferenceResult, text: bytes) -> None:
    """Keep what stands around the numbers of an answer.

    Args:
        result: what was answered.
        text: the ModelInferResponse of it, in the ordinary form, as protobuf wrote it: numbers last.
    """
    if result.id or not result.specs or any(spec.datatype == BYTES for spec in result.specs):
        return
    sizes = [array.nbytes for array in result.arrays]
    outputs, begin, start = [], 0, len(text) - sum(_before(size) + size for size in sizes)
    for size in sizes:
        start += _before(size)
        outputs.append((text[begin:start], size))
        begin = start = start + size
    key = (result.model, result.version, *[array.shape for array in result.arrays])
    _PIECES.keep(key, _Pieces(result.specs, tuple(outputs)))


def _before(size: int) -> int:
    """How many bytes protobuf writes before so many of them: the field's number, and seven bits a byte."""
    return 1 + max(1, (size.bit_length() + 6) // 7)
