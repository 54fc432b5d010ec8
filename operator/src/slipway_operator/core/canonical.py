"""What a user wrote, in the one form that is hashed into a revision.

Taken out: what does not shape pods (autoscaler, disruption budget), what is empty, and every field
that equals its default. Rewritten: quantities, to one spelling. Keys are sorted when it is hashed.

So equal spellings are one revision, and a CRD that gains a field with a default changes none. The
price: this form and the table below may gain entries for new fields, but never change for old ones,
or every model of every user would be restarted; a test pins the hashes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from slipway_operator.api.types import Graph, Json, Server
from slipway_operator.core.quantity import is_quantity_field, normal

NOT_POD_SHAPING: Final = frozenset({"hpaSpec", "pdbSpec"})

DEFAULTS: Final[dict[tuple[str, ...], Any]] = {
    ("graph", "implementation"): Graph.IMPLEMENTATION,
    ("server", "drainSeconds"): Server.DRAIN_SECONDS,
    ("server", "requestTimeoutSeconds"): Server.REQUEST_TIMEOUT_SECONDS,
    ("server", "startupTimeoutSeconds"): Server.STARTUP_TIMEOUT_SECONDS,
    ("tolerations", "operator"): "Equal",
    ("topologySpreadConstraints", "nodeAffinityPolicy"): "Honor",
    ("topologySpreadConstraints", "nodeTaintsPolicy"): "Ignore",
}
"""Defaults by field name from the predictor down; a list does not count as a level."""

_USER_MAPS: Final = frozenset({"labels", "annotations", "nodeSelector", "matchLabels"})
"""Keys are the user's own here, and an empty string is a value like any other."""


def canonical(predictor: Json) -> dict[str, Any]:
    """The canonical form of a predictor's JSON; canonical of it again is itself."""
    shaping = {name: value for name, value in predictor.items() if name not in NOT_POD_SHAPING}
    form = _reduced(shaping, ())
    return form if isinstance(form, dict) else {}


def _reduced(value: Any, path: tuple[str, ...]) -> Any:
    """`value` without defaults and empties; None if nothing is left."""
    if path and path[-1] in _USER_MAPS:
        return value or None
    if path and is_quantity_field(path):
        return normal(value)
    if isinstance(value, Mapping):
        fields = {name: _reduced(child, (*path, name)) for name, child in value.items()}
        return {name: child for name, child in fields.items() if child is not None} or _kept_empty(path)
    if isinstance(value, list | tuple):
        return [_reduced_item(item, path) for item in value] or None
    is_default = path in DEFAULTS and DEFAULTS[path] == value
    return None if is_default or value == "" else value


def _reduced_item(item: Any, path: tuple[str, ...]) -> Any:
    """A list keeps its length: an item that is all default stays as an empty object."""
    reduced = _reduced(item, path)
    return {} if reduced is None and isinstance(item, dict) else item if reduced is None else reduced


def _kept_empty(path: tuple[str, ...]) -> dict[str, Any] | None:
    """An empty selector selects everything, an absent one nothing: that one is no empty spelling."""
    return {} if path and path[-1] in {"labelSelector", "namespaceSelector"} else None
