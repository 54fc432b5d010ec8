"""Parameters that a client gives with a request or an output: in which form it wants what it asked for.

`binary_data_output` holds for all outputs, `binary_data` for one and wins; `classification` asks for the
highest values of an output. `timeout` is microseconds and always applies: a client that says how long it
will wait means it. Parameters that nobody knows are ignored, as the protocol asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.messages import Form
from slipway_runtime.protocol.words import kind, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NONE: Mapping[str, Any] = {}
MAX_CLASSES = 2**31 - 1


def parameters_of(owner: Mapping[str, Any], what: str, name: str = "") -> Mapping[str, Any]:
    """The parameters of a request, an input or an output; empty when it has none.

    Raises:
        InvalidRequest: they are no object.
    """
    found = owner.get("parameters")
    if found is None:
        return _NONE
    if type(found) is not dict:
        raise InvalidRequest(f"'parameters' of {_shown(what, name)} must be an object, not {kind(found)}")
    return found


def seconds_of(parameters: Mapping[str, Any]) -> float:
    """The time that a request gives itself; 0 when it does not.

    Raises:
        InvalidRequest: it is no whole number of microseconds.
    """
    value = parameters.get("timeout")
    if value is None:
        return 0.0
    if type(value) is not int or not 0 <= value < 2**63:
        raise InvalidRequest(
            f"'timeout' of the request must be an integer from 0 on, in microseconds, not {_kind(value)}"
        )
    return value / 1e6


def form_of(request: Mapping[str, Any], outputs: Iterable[Any]) -> Form | None:
    """How the outputs are wanted; None where nothing is said.

    Args:
        request: its parameters.
        outputs: checked entries of `outputs`.

    Raises:
        InvalidRequest: a parameter has another type than its own.
    """
    binary = _flag(request, "binary_data_output", "the request")
    each: dict[str, bool] = {}
    classes: dict[str, int] = {}
    for entry in outputs:
        if "parameters" in entry:
            name = entry["name"]
            parameters = parameters_of(entry, "output", name)
            if parameters.get("binary_data") is not None:
                each[name] = _flag(parameters, "binary_data", "output", name)
            count = _classes(parameters, name)
            if count:
                classes[name] = count
    return Form(binary, each, classes) if binary or each or classes else None


def _flag(parameters: Mapping[str, Any], key: str, what: str, name: str = "") -> bool:
    value = parameters.get(key, False)
    if value is None:
        return False
    if type(value) is not bool:
        raise InvalidRequest(f"'{key}' of {_shown(what, name)} must be true or false, not {kind(value)}")
    return value


def _classes(parameters: Mapping[str, Any], name: str) -> int:
    value = parameters.get("classification")
    if value is None:
        return 0
    if type(value) is not int or not 0 <= value <= MAX_CLASSES:
        raise InvalidRequest(
            f"'classification' of output {quoted(name)} must be an integer from 0 to 2^31-1, "
            f"not {_kind(value)}"
        )
    return value


def _shown(what: str, name: str) -> str:
    return f"{what} {quoted(name)}" if name else what


def _kind(value: object) -> str:
    return "one beyond" if type(value) is int else kind(value)
