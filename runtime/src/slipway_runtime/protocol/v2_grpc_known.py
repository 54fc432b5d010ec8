"""Heads of gRPC requests that were read before: see v2_known, which does the same for binary requests.

Clients send the same message again and again, with other numbers at its end. Kept are messages without an id
whose only input is numbers and comes last, raw, as every protobuf library writes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from slipway_runtime.protocol.kept import Kept
from slipway_runtime.protocol.messages import InferenceRequest
from slipway_runtime.protocol.v2_known import LONGEST, NUMBERS

if TYPE_CHECKING:
    from slipway_runtime.protocol.messages import Form
    from slipway_runtime.protocol.tensors import Shape

_FLIP = bytes(range(255, -1, -1))


class _Head(NamedTuple):
    """A message up to its numbers, and what it says."""

    text: bytes
    model: str
    version: str
    name: str
    dtype: np.dtype[Any]
    shape: Shape
    outputs: tuple[str, ...]
    form: Form | None
    seconds: float


_HEADS: Kept[int, _Head] = Kept()  # by the length of the whole message


def recall(text: bytes) -> InferenceRequest | None:
    """The request in a message whose head is known; None where it is not."""
    head = _HEADS.get(len(text))
    if head is None or not text.startswith(head.text):
        return None
    start, model, version, name, dtype, shape, outputs, form, seconds = head
    array = np.ndarray(shape, dtype, text, len(start))
    return InferenceRequest(model, version, "", {name: array}, outputs, form, seconds)


def remember(text: bytes, message: Any, request: InferenceRequest) -> None:
    """Keep the head of a message that was just read, if its end is nothing but its only input's numbers.

    Args:
        text: the message's bytes.
        message: parsed from them.
        request: read from it.
    """
    if request.id or len(text) in _HEADS or len(message.raw_input_contents) != 1:
        return
    raw = message.raw_input_contents[0]
    ((name, array),) = request.inputs.items()
    start = len(text) - len(raw)
    if not raw or start > LONGEST or array.dtype.kind not in NUMBERS or not text.endswith(raw):
        return
    # Bytes that look the same could also be inside a field that nobody knows: others there must be read.
    changed = raw.translate(_FLIP)
    if list(type(message).FromString(text[:start] + changed).raw_input_contents) != [changed]:
        return
    said = (request.outputs, request.form, request.seconds)
    head = _Head(text[:start], request.model, request.version, name, array.dtype, array.shape, *said)
    _HEADS.keep(len(text), head)
