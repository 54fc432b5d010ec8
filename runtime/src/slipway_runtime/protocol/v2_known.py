"""Heads of binary requests that were read before.

Clients send the same JSON again and again, with other numbers behind it. Equal bytes mean the same, so there
is nothing to parse: that takes a fifth of the time. Kept are heads without an id, all of whose inputs are
numbers in binary, a bounded number of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from slipway_runtime.protocol.kept import Kept
from slipway_runtime.protocol.messages import InferenceRequest

if TYPE_CHECKING:
    from typing import Any

    from slipway_runtime.protocol.messages import Form
    from slipway_runtime.protocol.tensors import Shape

LONGEST = 2048  # bytes
NUMBERS = "iufV"  # numpy's kinds; V is bfloat16


class _Input(NamedTuple):
    """Where an input's numbers are, counted from the end of the head."""

    name: str
    dtype: np.dtype[Any]
    shape: Shape
    elements: int
    start: int


class _Head(NamedTuple):
    """What a head says.

    Attributes:
        size: bytes that must follow it.
    """

    inputs: tuple[_Input, ...]
    size: int
    outputs: tuple[str, ...]
    form: Form | None
    seconds: float


_HEADS: Kept[bytes, _Head] = Kept()


def recall(body: bytes, begin: int, length: int, model: str, version: str) -> InferenceRequest | None:
    """The request in a body whose head is known; None where it is not, or does not fit the body.

    Args:
        body: from `begin` on.
        begin: of the head in there.
        length: of the head.
        model: named in the path.
        version: likewise.
    """
    end = begin + length
    head = _HEADS.get(body[begin:end])
    if head is None or len(body) - end != head.size:
        return None
    inputs = {
        name: np.frombuffer(body, dtype, elements, end + start).reshape(shape)
        for name, dtype, shape, elements, start in head.inputs
    }
    return InferenceRequest(model, version, "", inputs, head.outputs, head.form, head.seconds)


def remember(body: bytes, length: int, request: InferenceRequest) -> None:
    """Keep the head of a request that was just read, if all of its inputs were binary."""
    start, inputs = 0, []
    for name, array in request.inputs.items():
        if array.dtype.kind not in NUMBERS or not array.size:
            return
        inputs.append(_Input(name, array.dtype, array.shape, array.size, start))
        start += array.nbytes
    if request.id or length > LONGEST or start != len(body) - length or not inputs:
        return  # what is behind the head is not all of the inputs: some of them are JSON
    _HEADS.keep(body[:length], _Head(tuple(inputs), start, request.outputs, request.form, request.seconds))
