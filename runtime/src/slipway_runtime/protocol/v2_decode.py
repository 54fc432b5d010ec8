"""Open Inference Protocol, REST: the body of an inference request to an InferenceRequest.

The body is JSON, or JSON with the inputs' binary data behind it. Model and version come from the path.
Fields and parameters that nobody knows are ignored, as the protocol asks.

This runs for every request, so the straight way is written straight; words for people are made on the way
out only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol import v2_known
from slipway_runtime.protocol.binary_tensor import array_from
from slipway_runtime.protocol.json_document import parse
from slipway_runtime.protocol.json_tensor import array_of, datatype_text, shape_of
from slipway_runtime.protocol.messages import InferenceRequest
from slipway_runtime.protocol.tensors import DTYPES
from slipway_runtime.protocol.v2_form import form_of, parameters_of, seconds_of
from slipway_runtime.protocol.v2_known_json import recall, remember
from slipway_runtime.protocol.v2_tail import SIZE, Tail, size_of
from slipway_runtime.protocol.words import kind, quoted

if TYPE_CHECKING:
    from slipway_runtime.protocol.tensors import Array, Shape

MAX_TENSORS = 4096


def decode(body: bytes, model: str, version: str = "", length: int | None = None) -> InferenceRequest:
    """Read a request; one with binary data that `v2_known` does not know.

    Args:
        body: all of it.
        model: named in the path.
        version: likewise; empty means any.
        length: of the JSON, where binary data follows; None where all of it is JSON.

    Raises:
        InvalidRequest: not JSON, or not what the protocol describes.
    """
    tail = None
    if length is None:
        known = recall(body, model, version)
        if known is not None:
            return known
        document = parse(body)
    else:
        tail = Tail(body, length)
        document = parse(body[:length])
    identity = document.get("id")
    if identity is not None and type(identity) is not str:
        raise InvalidRequest(f"'id' must be a string, not {kind(identity)}")
    inputs = _inputs(document.get("inputs"), tail, model)
    wanted = document.get("outputs")
    if wanted is None and "parameters" not in document:
        request = InferenceRequest(model, version, identity or "", inputs, ())
    else:
        outputs = () if wanted is None else _outputs(wanted)
        parameters = parameters_of(document, "the request")
        form, seconds = form_of(parameters, wanted or ()), seconds_of(parameters)
        request = InferenceRequest(model, version, identity or "", inputs, outputs, form, seconds)
    if length is None:
        remember(body, document, request)
    else:
        v2_known.remember(body, length, request)
    return request


def _inputs(entries: object, tail: Tail | None, model: str) -> dict[str, Array]:
    tensors: dict[str, Array] = {}
    for entry in _checked(entries, "inputs"):
        name = entry.get("name") if type(entry) is dict else None
        if type(name) is not str:
            raise InvalidRequest(_name_text(entry, "an input"))
        if name in tensors:
            raise InvalidRequest(f"input {quoted(name)} is given twice")
        shape = shape_of(entry.get("shape"), name)
        if "parameters" in entry:
            size = parameters_of(entry, "input", name).get(SIZE)
            if size is not None:
                tensors[name] = _binary(entry, shape, size, tail, model)
                continue
        tensors[name] = array_of(name, entry.get("datatype"), shape, entry.get("data"))
    if tail is not None:
        tail.finish()
    return tensors


def _binary(entry: dict[str, Any], shape: Shape, size: object, tail: Tail | None, model: str) -> Array:
    """An input whose data is behind the JSON."""
    name = entry["name"]
    size = size_of(size, name)
    if tail is None:
        raise InvalidRequest(
            f"input {quoted(name)} has a '{SIZE}', but the request has no Inference-Header-Content-Length: "
            "send that header, with the length of the JSON"
        )
    if entry.get("data") is not None:
        raise InvalidRequest(f"input {quoted(name)} has 'data' and a '{SIZE}': send one of them")
    datatype = entry.get("datatype")
    if type(datatype) is not str or datatype not in DTYPES:
        raise InvalidRequest(datatype_text(name, datatype))
    return array_from(name, datatype, shape, tail.take(size, name), model)


def _outputs(entries: object) -> tuple[str, ...]:
    names = []
    for entry in _checked(entries, "outputs"):
        name = entry.get("name") if type(entry) is dict else None
        if type(name) is not str:
            raise InvalidRequest(_name_text(entry, "an output"))
        names.append(name)
    return tuple(names)


def _checked(entries: object, key: str) -> list[Any]:
    if type(entries) is not list:
        raise InvalidRequest(f"'{key}' must be an array of tensors, not {kind(entries)}")
    if len(entries) > MAX_TENSORS:
        raise InvalidRequest(f"'{key}' has {len(entries)} entries, at most {MAX_TENSORS} are read")
    return entries


def _name_text(entry: object, what: str) -> str:
    if type(entry) is not dict:
        return f"{what} must be an object, not {kind(entry)}"
    return f"'name' of {what} must be a string, not {kind(entry.get('name'))}"
