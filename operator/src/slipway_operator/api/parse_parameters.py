"""`graph.parameters`: what a model is asked to be, in Seldon's words; each has one type and few values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from slipway_operator.api.fields import Fields
from slipway_operator.api.texts import shown


class Parameter(NamedTuple):
    """One parameter: its type's name, and the texts that it takes."""

    type: str
    values: tuple[str, ...]


PARAMETERS: Final[Mapping[str, Parameter]] = {
    "method": Parameter("STRING", ("predict", "predict_proba", "decision_function")),
    "allow_native": Parameter("BOOL", ("true", "false")),
}


def parse_parameters(graph: Fields) -> Mapping[str, str | bool]:
    """Parameters by name, each once; a BOOL as such."""
    found: dict[str, str | bool] = {}
    for item in graph.objects("parameters", len(PARAMETERS)):
        name = item.choice("name", tuple(PARAMETERS), required=True)
        kind = item.choice("type", ("STRING", "BOOL"), required=True)
        if name is None:
            item.get("value")
        else:
            wanted = PARAMETERS[name]
            if kind is not None and kind != wanted.type:
                item.note("type", f"must be {wanted.type} for {name}, not {kind}")
            value = item.choice("value", wanted.values, required=True)
            if name in found:
                graph.note("parameters", f"must not name {shown(name)} twice; remove one")
            if value is not None:
                found[name] = value == "true" if wanted.type == "BOOL" else value
        item.close()
    return found
