"""Seldon Core v1's prediction messages in JSON.

`data` holds the rows, as `ndarray` (nested) or as `tensor` (flat `values` and a `shape`), and may name the
columns. The answer comes in the form that was asked, strings always as `ndarray`; columns of an answer are
called t:0, t:1, … as Seldon calls them where a model does not say more. `meta.puid` and `meta.tags` are
echoed. Seldon's server for scikit-learn answers probabilities unless it is told otherwise, so that is what a
classifier whose `method` nobody chose answers here.

Names of columns are optional in these messages, and Seldon's own servers ignored them: they count where they
are all known to the model, say nothing where none is, and are refused where some are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs

import numpy as np

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.answers import dump, primary_of, value_of
from slipway_runtime.protocol.json_document import Numbers
from slipway_runtime.protocol.json_values import kind_of, parse, plain
from slipway_runtime.protocol.rows import Inputs, from_table
from slipway_runtime.protocol.tensors import BYTES, MAX_DIMENSION, MAX_RANK, element_count, shape_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slipway_runtime.protocol.messages import InferenceResult
    from slipway_runtime.protocol.signature import Signature
    from slipway_runtime.protocol.tensors import Shape

UNREAD = ("strData", "binData", "jsonData", "customData")
REASONS = {400: "MICROSERVICE_BAD_DATA", 500: "MICROSERVICE_INTERNAL_ERROR"}
FORM = "application/x-www-form-urlencoded"
_PROBABILITIES = "probabilities"
_ECHOED = ("puid", "tags")


class Message(NamedTuple):
    """A request.

    Attributes:
        inputs: by name.
        output: the only one that is wanted.
        form: `ndarray` or `tensor`, as it was asked.
        meta: what is echoed.
    """

    inputs: Inputs
    output: str
    form: str
    meta: Mapping[str, Any]


def document_of(body: bytes, content_type: str = "") -> Any:
    """The parsed body; also of a form whose field `json` has it, as Seldon's own tools send.

    Raises:
        InvalidRequest: it is not JSON.
    """
    if content_type.partition(";")[0].strip().lower() == FORM and body.lstrip()[:5] == b"json=":
        fields = parse_qs(body.strip().decode("latin-1"), encoding="utf-8", max_num_fields=16)
        return parse(fields.get("json", [""])[0].encode())
    return parse(body)


def is_message(document: Any) -> bool:
    """True for what Seldon's clients send, and people do not write by hand."""
    if type(document) is not dict:
        return False
    return type(document.get("data")) is dict or any(key in document for key in UNREAD)


def read(document: Any, signature: Signature) -> Message:
    """Read a message.

    Raises:
        InvalidRequest: it does not fit the protocol or the model.
    """
    if type(document) is not dict:
        raise InvalidRequest(f"the body must be a JSON object with 'data', not {kind_of(document)}")
    content = document.get("data")
    if type(content) is not dict:
        raise InvalidRequest("the body must have an object 'data' with 'ndarray' or 'tensor'")
    forms = [form for form in ("ndarray", "tensor", "tftensor") if form in content]
    if len(forms) != 1 or forms[0] == "tftensor":
        raise InvalidRequest("'data' must have exactly one of 'ndarray' and 'tensor'")
    form = forms[0]
    rows = content[form] if form == "ndarray" else _tensor(content[form])
    inputs = from_table(signature, _names(content.get("names"), signature), rows)
    return Message(inputs, _output(signature), form, _meta(document.get("meta")))


def encode(result: InferenceResult, form: str, meta: Mapping[str, Any]) -> bytes:
    """Write an answer."""
    spec, array = result.specs[0], result.arrays[0]
    value = value_of(spec, array)
    content: dict[str, Any] = {"names": _columns(array.shape)}
    if form == "tensor" and spec.datatype != BYTES:
        content["tensor"] = {"shape": array.shape, "values": array.reshape(-1)}
    else:
        content["ndarray"] = value
    return dump({"data": content, "meta": meta})


def fault(text: str, status: int) -> bytes:
    """What is answered instead of a prediction."""
    reason = REASONS.get(status, REASONS[500 if status >= 500 else 400])  # noqa: PLR2004 # the server's fault
    return dump({"status": {"code": status, "info": text, "reason": reason, "status": "FAILURE"}})


def _output(signature: Signature) -> str:
    chosen = "method" in signature.notes
    return (
        primary_of(signature) if chosen or _PROBABILITIES not in signature.output_by_name else _PROBABILITIES
    )


def _tensor(tensor: Any) -> Any:
    """The nested form of a flat one."""
    shape = tensor.get("shape") if type(tensor) is dict else None
    dims = (
        tuple(shape.values.tolist())
        if type(shape) is Numbers
        else tuple(shape)
        if type(shape) is list
        else ()
    )
    if not dims or len(dims) > MAX_RANK or not all(type(n) is int and 0 <= n <= MAX_DIMENSION for n in dims):
        raise InvalidRequest("'tensor' must have a 'shape' of integers and its 'values'")
    flat = _flat(tensor.get("values"))
    if len(flat) != element_count(dims):
        raise InvalidRequest(f"'tensor' has {len(flat)} values, its shape is {shape_text(dims)}")
    return Numbers(flat, dims)


def _flat(values: Any) -> np.ndarray[Any, np.dtype[Any]]:
    if type(values) is Numbers and len(values.dims) == 1:
        return values.values
    if type(values) is not list or not set(map(type, values)) <= {int, float}:
        raise InvalidRequest("'values' of 'tensor' must be a flat array of numbers")
    try:
        return np.array(values, dtype=np.float64)
    except OverflowError:
        raise InvalidRequest("'values' of 'tensor' has a number that is too large") from None


def _names(names: Any, signature: Signature) -> Sequence[str]:
    if names is None or type(names) is Numbers:
        return ()
    if type(names) is not list or not all(type(name) is str for name in names):
        raise InvalidRequest("'names' must be an array of strings")
    known = signature.features or tuple(signature.input_by_name)
    return () if set(known).isdisjoint(names) else names


def _columns(shape: Shape) -> list[str]:
    return [f"t:{column}" for column in range(shape[1])] if len(shape) > 1 else []


def _meta(meta: Any) -> dict[str, Any]:
    if meta is None:
        return {}
    if type(meta) is not dict:
        raise InvalidRequest(f"'meta' must be an object, not {kind_of(meta)}")
    puid = meta.get("puid", "")
    if type(puid) is not str:
        raise InvalidRequest(f"'puid' must be a string, not {kind_of(puid)}")
    return {key: plain(meta[key]) for key in _ECHOED if meta.get(key)}
