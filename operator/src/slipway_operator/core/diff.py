"""Whether an object is as we want it, and if not, where the first difference is.

Desired must be a deep subset of observed: what others add elsewhere is theirs. Maps are compared by
field; lists of named items by name, other lists item by item and with equal length; quantities by
value; selectors as a whole, because one more label in a selector empties it. A desired zero (0,
false, "" or empty) equals an absent field: the server leaves zeros out, and where its default is
something else, that default stands there and differs.
"""

from __future__ import annotations

from typing import Any, Final

from slipway_operator.api.names import ANNOTATION_APPLIED, ANNOTATION_STEP_STARTED_AT
from slipway_operator.core.actions import Manifest
from slipway_operator.core.quantity import is_quantity_field, same_amount
from slipway_operator.core.revision import digest

WHOLE: Final = frozenset({"selector", "nodeSelector"})
_KEYS: Final = ("name", "mountPath", "uid")
_MISSING: Final = object()
_GLIMPSE: Final = 60
Path = tuple[str, ...]


def first_difference(desired: Any, observed: Any, path: Path = ()) -> str | None:
    """The first place where `desired` is not in `observed`, in words; None if it is all there."""
    if isinstance(desired, dict):
        return _map_difference(desired, observed, path)
    if isinstance(desired, list | tuple):
        return _list_difference(list(desired), observed, path)
    if desired == observed and type(desired) is type(observed):
        return None
    if observed is _MISSING and not desired:
        return None
    if path and is_quantity_field(_names(path)) and same_amount(desired, observed):
        return None
    return _told(path, desired, observed)


def _map_difference(desired: dict[str, Any], observed: Any, path: Path) -> str | None:
    if not isinstance(observed, dict):
        if observed is _MISSING and not any(_weighs(value) for value in desired.values()):
            return None
        return _told(path, desired, observed)
    if path and path[-1] in WHOLE:
        for name in sorted(observed.keys() - desired.keys()):
            return _told((*path, name), _MISSING, observed[name])
    for name, value in desired.items():
        other = observed.get(name, _MISSING)
        if type(value) is str and value == other:  # nearly all that there is
            continue
        found = first_difference(value, other, (*path, name))
        if found is not None:
            return found
    return None


def _weighs(value: Any) -> bool:
    """Whether a desired value is more than a zero."""
    return any(_weighs(child) for child in value.values()) if isinstance(value, dict) else bool(value)


def _list_difference(desired: list[Any], observed: Any, path: Path) -> str | None:
    if not isinstance(observed, list | tuple):
        return _told(path, desired, observed) if desired or observed is not _MISSING else None
    key = _key_of(desired)
    if key is not None:
        by_key = {str(item.get(key)): item for item in observed if isinstance(item, dict)}
        pairs = [(item[key], item, by_key.get(item[key], _MISSING)) for item in desired]
    elif len(desired) != len(observed):
        return _told(path, desired, observed)
    else:
        pairs = [(str(index), *both) for index, both in enumerate(zip(desired, observed, strict=True))]
    for shown, item, found in pairs:
        difference = first_difference(item, found, (*path, f"[{shown}]"))
        if difference is not None:
            return difference
    return None


def _key_of(items: list[Any]) -> str | None:
    """The field that names the items of a list, if all have it and no two share it."""
    if not items or not all(isinstance(item, dict) for item in items):
        return None
    for key in _KEYS:
        found = [item.get(key) for item in items]
        if all(isinstance(one, str) for one in found) and len(set(found)) == len(found):
            return key
    return None


def _names(path: Path) -> Path:
    """The path without list positions."""
    return tuple(part for part in path if not part.startswith("["))


def _told(path: Path, desired: Any, observed: Any) -> str:
    shown = ".".join(path).replace(".[", "[") or "the object"
    return f"{shown} is {_shown(observed)} instead of {_shown(desired)}"


def _shown(value: Any) -> str:
    """A value in few characters; never more than a glimpse of a large one."""
    if value is _MISSING:
        return "absent"
    if isinstance(value, dict | list | tuple):
        return f"a {'map' if isinstance(value, dict) else 'list'} of {len(value)}"
    text = repr(value)
    return text if len(text) <= _GLIMPSE else f"{text[:_GLIMPSE]}..."


def sealed(manifest: Manifest) -> Manifest:
    """A manifest with the hash of itself as annotation: how a field that we stopped asking for shows.

    Not in the hash: the time when a step began.
    """
    meta = manifest["metadata"]
    settled = {
        name: value for name, value in meta["annotations"].items() if name != ANNOTATION_STEP_STARTED_AT
    }
    content = {**manifest, "metadata": {**meta, "annotations": settled}}
    annotations = {**meta["annotations"], ANNOTATION_APPLIED: digest(content)[:16]}
    return {**manifest, "metadata": {**meta, "annotations": annotations}}
