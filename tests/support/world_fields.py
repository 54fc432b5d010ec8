"""Which fields an object has, as the API server's field management sees them.

A *path* is a tuple of elements in the spelling of `metadata.managedFields`: `f:spec` for a field,
`k:{"name":"server"}` for an item of a list whose items have keys. Atomic maps and lists are leaves:
they are owned, compared and replaced as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final, TypeVar

import orjson

Path = tuple[str, ...]
Object = dict[str, Any]

ATOMIC_MAPS: Final = frozenset({"f:selector", "f:nodeSelector", "f:data"})
"""Service and label selectors, a pod's node selector, a ControllerRevision's content."""

LIST_KEYS: Final = {
    "f:containers": ("name",),
    "f:initContainers": ("name",),
    "f:env": ("name",),
    "f:volumes": ("name",),
    "f:volumeMounts": ("mountPath",),
    "f:imagePullSecrets": ("name",),
    "f:ownerReferences": ("uid",),
    "f:topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "f:conditions": ("type",),
    "f:predictors": ("name",),
}
UNMANAGED: Final = frozenset(
    {
        ("f:apiVersion",),
        ("f:kind",),
        *(
            ("f:metadata", f"f:{name}")
            for name in (
                "name",
                "namespace",
                "uid",
                "resourceVersion",
                "generation",
                "creationTimestamp",
                "deletionTimestamp",
                "managedFields",
            )
        ),
    }
)
"""What identifies an object or belongs to the server: never owned by a manager."""


Json = TypeVar("Json")


def clone(value: Json) -> Json:
    """A deep copy of JSON."""
    copied: Json = orjson.loads(orjson.dumps(value))
    return copied


def list_keys(path: Path) -> tuple[str, ...] | None:
    """The keys of the list at `path`, or None if it is atomic."""
    if path and path[-1] == "f:ports":
        return ("containerPort", "protocol") if "f:template" in path else ("port", "protocol")
    return LIST_KEYS.get(path[-1]) if path else None


def is_atomic_map(path: Path) -> bool:
    """Whether the map at `path` is replaced as a whole."""
    return bool(path) and path[-1] in ATOMIC_MAPS


def key_element(item: Object, keys: tuple[str, ...]) -> str:
    """The path element of one list item; a port's protocol is TCP when absent."""
    return _spelled(keys, tuple(item.get(key, "TCP" if key == "protocol" else None) for key in keys))


@cache
def _spelled(keys: tuple[str, ...], values: tuple[Any, ...]) -> str:
    return "k:" + json.dumps(dict(zip(keys, values, strict=True)), separators=(",", ":"), sort_keys=True)


def members(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every owned path of an object: its leaves, and its keyed list items themselves."""
    if path in UNMANAGED:
        return
    if isinstance(value, dict) and value and not is_atomic_map(path):
        for name, child in value.items():
            yield from members(child, (*path, f"f:{name}"))
    elif isinstance(value, list) and value and (keys := list_keys(path)):
        for item in value:
            at = (*path, key_element(item, keys))
            yield at
            for name, child in item.items():
                yield from members(child, (*at, f"f:{name}"))
    elif path:
        yield path


_MISSING: Final = object()


def step(value: Any, at: Path, element: str) -> Any:
    """The child that `element` names below `at`, or a mark that there is none."""
    if element.startswith("f:"):
        return value.get(element[2:], _MISSING) if isinstance(value, dict) else _MISSING
    keys = list_keys(at) or ()
    for item in value if isinstance(value, list) else ():
        if key_element(item, keys) == element:
            return item
    return _MISSING


def lookup(value: Any, path: Path) -> Any:
    """The value at `path`; a list item counts as present, whatever is in it. Raises KeyError."""
    for index, element in enumerate(path):
        value = step(value, path[:index], element)
        if value is _MISSING:
            raise KeyError(path)
    return "item" if path and path[-1].startswith("k:") else value


def has(value: Any, path: Path) -> bool:
    """Whether there is anything at `path`."""
    try:
        lookup(value, path)
    except KeyError:
        return False
    return True


def remove(value: Any, paths: Iterable[Path], at: Path = ()) -> Any:
    """`value` without `paths`; a map or list emptied by that becomes None, as on the server."""
    by_head: dict[str, list[Path]] = {}
    for path in paths:
        by_head.setdefault(path[0], []).append(path[1:])
    if isinstance(value, dict):
        kept = dict(value)
        for element, tails in by_head.items():
            name = element[2:]
            if name not in kept:
                continue
            if () in tails:
                del kept[name]
            else:
                kept[name] = remove(kept[name], tails, (*at, element))
        return kept or None
    if not isinstance(value, list):
        return value
    keys = list_keys(at) or ()
    items = []
    for item in value:
        tails = by_head.get(key_element(item, keys), [])
        if () not in tails:
            items.append(remove(item, tails, (*at, key_element(item, keys))) if tails else item)
    return items or None


def to_fields_v1(paths: Iterable[Path]) -> Object:
    """The `fieldsV1` spelling of a set of paths."""
    tree: Object = {}
    for path in sorted(paths):
        node = tree
        for element in path:
            node = node.setdefault(element, {})
        if path[-1].startswith("k:"):
            node["."] = {}
    return tree


def from_fields_v1(tree: Object, at: Path = ()) -> set[Path]:
    """The set of paths that a `fieldsV1` spells."""
    paths: set[Path] = set()
    for element, child in tree.items():
        if element == ".":
            paths.add(at)
        elif child:
            paths |= from_fields_v1(child, (*at, element))
        else:
            paths.add((*at, element))
    return paths
