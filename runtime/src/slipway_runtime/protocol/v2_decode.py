"""Open Inference Protocol, REST: an inference request's JSON body to an InferenceRequest.

Model and version come from the path. Unknown fields and parameters are ignored, as the protocol asks; what
this server would have to honour and cannot (binary tensors, classification) is refused, so that nobody gets
an answer in a form they did not ask for.

This runs for every request, so the straight way is written straight; words for people are made on the way
out only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slipway_runtime.errors import InvalidRequest, Unsupported
from slipway_runtime.protocol.json_document import parse
from slipway_runtime.protocol.json_tensor import array_of, shape_of
from slipway_runtime.protocol.messages import InferenceRequest
from slipway_runtime.protocol.words import kind, quoted

if TYPE_CHECKING:
    from slipway_runtime.protocol.tensors import Array

MAX_TENSORS = 4096
_BINARY = ("binary_data", "binary_data_size", "binary_data_output")


def decode(body: bytes, model: str, version: str = "") -> InferenceRequest:
    """Read a request.

    Raises:
        InvalidRequest: not JSON, or not what the protocol describes.
        Unsupported: it asks for a form of data that is not served.
    """
    document = parse(body)
    identity = document.get("id")
    if identity is not None and type(identity) is not str:
        raise InvalidRequest(f"'id' must be a string, not {kind(identity)}")
    if "parameters" in document:
        _refuse_extensions(document["parameters"], "the request")
    wanted = document.get("outputs")
    outputs = () if wanted is None else _outputs(wanted)
    return InferenceRequest(model, version, identity or "", _inputs(document.get("inputs")), outputs)


def _inputs(entries: object) -> dict[str, Array]:
    tensors: dict[str, Array] = {}
    for entry in _checked(entries, "inputs"):
        name = entry.get("name") if type(entry) is dict else None
        if type(name) is not str:
            raise InvalidRequest(_name_text(entry, "an input"))
        if name in tensors:
            raise InvalidRequest(f"input {quoted(name)} is given twice")
        if "parameters" in entry:
            _refuse_extensions(entry["parameters"], "input", name)
        shape = shape_of(entry.get("shape"), name)
        tensors[name] = array_of(name, entry.get("datatype"), shape, entry.get("data"))
    return tensors


def _outputs(entries: object) -> tuple[str, ...]:
    names = []
    for entry in _checked(entries, "outputs"):
        name = entry.get("name") if type(entry) is dict else None
        if type(name) is not str:
            raise InvalidRequest(_name_text(entry, "an output"))
        if "parameters" in entry:
            _refuse_extensions(entry["parameters"], "output", name)
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


def _refuse_extensions(parameters: object, what: str, name: str = "") -> None:
    if parameters is None:
        return
    shown = f"{what} {quoted(name)}" if name else what
    if type(parameters) is not dict:
        raise InvalidRequest(f"'parameters' of {shown} must be an object, not {kind(parameters)}")
    for key in _BINARY:
        if parameters.get(key):
            raise Unsupported(
                f"{shown} asks for '{key}': binary tensors are not served; send and ask for JSON"
            )
    if parameters.get("classification"):
        raise Unsupported(f"{shown} asks for 'classification', which is not served; rank the output yourself")
