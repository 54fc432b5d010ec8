"""Open Inference Protocol, REST: an inference request's JSON body to an InferenceRequest.

Model and version come from the path. Unknown fields and parameters are ignored, as the protocol asks; what
this server would have to honour and cannot (binary tensors, classification) is refused, so that nobody gets
an answer in a form they did not ask for.
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
    if identity is None:
        identity = ""
    elif type(identity) is not str:
        raise InvalidRequest(f"'id' must be a string, not {kind(identity)}")
    _refuse_extensions(document.get("parameters"), "the request")
    return InferenceRequest(model, version, identity, _inputs(document), _outputs(document))


def _inputs(document: dict[str, Any]) -> dict[str, Array]:
    tensors: dict[str, Array] = {}
    for entry in _entries(document, "inputs", required=True):
        name = _name(entry, "an input")
        if name in tensors:
            raise InvalidRequest(f"input {quoted(name)} is given twice")
        _refuse_extensions(entry.get("parameters"), f"input {quoted(name)}")
        shape = shape_of(entry.get("shape"), name)
        tensors[name] = array_of(name, entry.get("datatype"), shape, entry.get("data"))
    return tensors


def _outputs(document: dict[str, Any]) -> tuple[str, ...]:
    names = []
    for entry in _entries(document, "outputs", required=False):
        name = _name(entry, "an output")
        _refuse_extensions(entry.get("parameters"), f"output {quoted(name)}")
        names.append(name)
    return tuple(names)


def _entries(document: dict[str, Any], key: str, *, required: bool) -> list[Any]:
    entries = document.get(key)
    if entries is None and not required:
        return []
    if type(entries) is not list:
        raise InvalidRequest(f"'{key}' must be an array of tensors, not {kind(entries)}")
    if len(entries) > MAX_TENSORS:
        raise InvalidRequest(f"'{key}' has {len(entries)} entries, at most {MAX_TENSORS} are read")
    return entries


def _name(entry: object, what: str) -> str:
    if type(entry) is not dict:
        raise InvalidRequest(f"{what} must be an object, not {kind(entry)}")
    name = entry.get("name")
    if type(name) is not str:
        raise InvalidRequest(f"'name' of {what} must be a string, not {kind(name)}")
    return name


def _refuse_extensions(parameters: object, owner: str) -> None:
    if parameters is None:
        return
    if type(parameters) is not dict:
        raise InvalidRequest(f"'parameters' of {owner} must be an object, not {kind(parameters)}")
    for key in _BINARY:
        if parameters.get(key):
            raise Unsupported(
                f"{owner} asks for '{key}': binary tensors are not served; send and ask for JSON"
            )
    if parameters.get("classification"):
        raise Unsupported(f"{owner} asks for 'classification', which is not served; rank the output yourself")
