"""Who owns what in an object, read from its managedFields: only the facts that decisions need.

The server spells owned fields as a tree of `f:<field>` and `k:<key of a list item>` elements. Of a
Deployment two things matter: who owns `spec.replicas`, and which fields inside the pod template
belong to somebody who is not us, because an apply of ours cannot take those away.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from slipway_operator.api.names import FIELD_MANAGER, FIELD_MANAGER_REPAIR
from slipway_operator.api.types import Json

FieldPath = tuple[str, ...]
"""Elements as the server spells them, such as `("f:containers", 'k:{"name":"server"}', "f:env")`."""

_REPLICAS: Final = ("f:spec", "f:replicas")
_TEMPLATE: Final = ("f:spec", "f:template")


def leaves(tree: Json, at: FieldPath = ()) -> Iterator[FieldPath]:
    """Every path that a `fieldsV1` tree owns."""
    for element, child in tree.items():
        if element == ".":
            yield at
        elif isinstance(child, dict) and child:
            yield from leaves(child, (*at, element))
        else:
            yield (*at, element)


def _below(tree: Any, path: FieldPath) -> Any:
    for element in path:
        tree = tree.get(element) if isinstance(tree, dict) else None
    return tree


def owners_of_replicas(managed: Iterable[Json]) -> list[str]:
    """Names of the managers that own `spec.replicas`, by whichever operation."""
    return sorted(
        {entry["manager"] for entry in managed if _below(entry.get("fieldsV1"), _REPLICAS) is not None}
    )


def strays(managed: Iterable[Json]) -> dict[str, list[list[str]]]:
    """Paths below `spec.template` that are not (only) ours.

    `foreign` belong to strangers, `repaired` to our own replacement of a template (see
    `Replace`): its leftovers go with the next change of the template.
    """
    found: dict[str, list[list[str]]] = {"foreign": [], "repaired": []}
    for entry in managed:
        template = _below(entry.get("fieldsV1"), _TEMPLATE)
        if entry["manager"] == FIELD_MANAGER or not isinstance(template, dict):
            continue
        whose = "repaired" if entry["manager"] == FIELD_MANAGER_REPAIR else "foreign"
        found[whose].extend(list(path) for path in leaves(template))
    return found


def contains(value: Any, path: FieldPath) -> bool:
    """Whether `value` has anything at `path`."""
    for element in path:
        kind, _, rest = element.partition(":")
        if kind == "f" and isinstance(value, dict) and rest in value:
            value = value[rest]
        elif kind == "k" and isinstance(value, list):
            keys = json.loads(rest)
            value = next((item for item in value if _has_keys(item, keys)), None)
            if value is None:
                return False
        elif kind == "v" and isinstance(value, list):
            return json.loads(rest) in value
        else:
            return False
    return True


def _has_keys(item: Any, keys: dict[str, Any]) -> bool:
    """Whether a list item is the one with these keys; a port without a protocol speaks TCP."""
    spoken = {"protocol": "TCP"} | item if "protocol" in keys else item
    return all(spoken.get(name) == value for name, value in keys.items())


def readable(path: FieldPath) -> str:
    """A path as people write it: `spec.containers[server].env[EXTRA]`."""
    shown = ""
    for element in path:
        kind, _, rest = element.partition(":")
        if kind == "f":
            shown += f".{rest}" if shown else rest
        elif kind == "k":
            shown += f"[{','.join(str(value) for value in json.loads(rest).values())}]"
        else:
            shown += f"[{rest}]"
    return shown
