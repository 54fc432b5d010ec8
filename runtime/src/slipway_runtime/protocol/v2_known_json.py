"""JSON requests whose like was read before: only their numbers are new.

Clients send the same text around other numbers. What stands before and behind an input's data is compared
with what was read before, byte for byte; then nothing but the data needs to be parsed and checked: that saves
a third of the time. Kept are small requests without an id that have one input, of numbers. Of a large body
the numbers are what takes time, and its document does not have every field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from slipway_runtime.protocol.json_document import LARGE
from slipway_runtime.protocol.json_tensor import array_of
from slipway_runtime.protocol.kept import Kept
from slipway_runtime.protocol.messages import InferenceRequest
from slipway_runtime.protocol.tensors import BYTES

if TYPE_CHECKING:
    from slipway_runtime.protocol.messages import Form
    from slipway_runtime.protocol.tensors import Shape

_KEY = b'"data":'
_NOTHING = b"[]"


class _Around(NamedTuple):
    """What a request says besides its numbers.

    Attributes:
        tail: the text behind them; the text before them is the key.
    """

    tail: bytes
    name: str
    datatype: str
    shape: Shape
    outputs: tuple[str, ...]
    form: Form | None
    seconds: float


_AROUND: Kept[bytes, _Around] = Kept()


def recall(body: bytes, model: str, version: str) -> InferenceRequest | None:
    """The request in a body of which all but the numbers is known; None where it is not.

    Raises:
        InvalidRequest: the numbers are not what the rest of the body says.
    """
    start = body.find(_KEY) + len(_KEY)
    around = _AROUND.get(body[:start])
    if around is None:
        return None
    tail, name, datatype, shape, outputs, form, seconds = around
    if not body.endswith(tail):
        return None
    try:
        data = orjson.loads(body[start : len(body) - len(tail)])
    except orjson.JSONDecodeError:
        return None
    inputs = {name: array_of(name, datatype, shape, data)}
    return InferenceRequest(model, version, "", inputs, outputs, form, seconds)


def remember(body: bytes, document: dict[str, Any], request: InferenceRequest) -> None:
    """Keep what stands around the numbers of a request.

    Args:
        body: all of it.
        document: parsed from it.
        request: read from that.
    """
    if request.id or len(request.inputs) != 1 or len(body) >= LARGE:
        return
    ((name, array),) = request.inputs.items()
    entry = document["inputs"][0]
    datatype = entry["datatype"]
    start = body.find(_KEY) + len(_KEY)
    # An array of numbers ends at the last bracket before the next field or the object's end.
    brace = body.find(b"}", start)
    quote = body.find(b'"', start, brace)
    end = 1 + body.rfind(b"]", start, brace if quote < 0 else quote)
    if datatype == BYTES or not array.size or not end:
        return
    # The key may also be that of something else, or be there twice: then less than the data is gone, or more.
    head, tail = body[:start], body[end:]
    try:
        without = orjson.loads(head + _NOTHING + tail)
    except orjson.JSONDecodeError:
        return
    if without == document | {"inputs": [entry | {"data": []}]}:
        _AROUND.keep(head, _Around(tail, name, datatype, array.shape, *request[4:]))
