"""Every field that a manager owns in a live object, by its own bookkeeping, and a foreign value for each.

The list comes from `metadata.managedFields`, so no field that is written can be forgotten. A foreign value is
one of a few candidates of the field's type; the API server decides which of them it takes. A field for which
it takes none, not even its removal, is one that no hand can change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from live_paths import Json

Steps = tuple[str, ...]
"""The way to a field as managedFields spells it: `f:` a member, `k:` a list's item by its key."""
ABSENT = object()

OTHER_WORDS = {
    "TCP": "UDP",
    "IfNotPresent": "Always",
    "ClusterIP": "NodePort",
    "RollingUpdate": "Recreate",
    "RuntimeDefault": "Unconfined",
    "HTTP": "HTTPS",
    "NoExecute": "NoSchedule",
    "Equal": "Exists",
    "DoNotSchedule": "ScheduleAnyway",
    "Honor": "Ignore",
    "Ignore": "Honor",
    "File": "FallbackToLogsOnError",
    "AlwaysAllow": "IfHealthyBudget",
    "Min": "Max",
    "Percent": "Pods",
    "ClusterFirst": "Default",
}
"""Where only certain words are taken."""


@dataclass(frozen=True)
class Field:
    """One owned field of an object."""

    steps: Steps

    def __str__(self) -> str:
        return "".join(_shown(step) for step in self.steps).removeprefix(".")

    def value(self, obj: Any) -> Any:
        """What stands there, or ABSENT."""
        for step in self.steps:
            obj = _child(obj, step)
            if obj is ABSENT:
                return ABSENT
        return obj

    def pointer(self, obj: Any) -> str:
        """The way there for a JSON patch of `obj`."""
        parts = []
        for step in self.steps:
            parts.append(_position(obj, step))
            obj = _child(obj, step)
        return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in parts)

    def patches(self, obj: Json) -> Iterator[list[Json]]:
        """JSON patches that change the field, the mildest first, its removal last."""
        pointer = self.pointer(obj)
        for value in other_values(self.value(obj)):
            yield [{"op": "replace", "path": pointer, "value": value}]
        yield [{"op": "remove", "path": pointer}]


def owned(obj: Mapping[str, Any], managers: Sequence[str]) -> list[Field]:
    """All fields that these managers applied and that hold a value: leaves, and the items of keyed lists."""
    found: dict[Steps, None] = {}
    for entry in obj["metadata"]["managedFields"]:
        if entry["manager"] in managers and not entry.get("subresource"):
            found |= dict.fromkeys(_leaves(entry["fieldsV1"], ()))
    fields = [Field(steps) for steps in found]
    return [field for field in fields if field.value(obj) not in (ABSENT, None, {}, [])]


def other_values(value: Any) -> Iterator[Any]:
    """A few values of the same type that mean something else."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1)
    elif isinstance(value, str):
        yield from (OTHER_WORDS.get(value, f"{value}x"), "7", "7%", "2001-01-01T00:00:00Z")
    elif isinstance(value, list):
        yield from ([first, *value[1:]] for first in other_values(value[0]))
    elif isinstance(value, dict):
        yield from ({**value, name: other} for name in value for other in other_values(value[name]))


def _leaves(fields: Mapping[str, Any], before: Steps) -> Iterator[Steps]:
    for step, inner in fields.items():
        if step == ".":
            if before and before[-1].startswith("k:"):
                yield before
        elif inner:
            yield from _leaves(inner, (*before, step))
        else:
            yield (*before, step)


def _child(obj: Any, step: str) -> Any:
    if step.startswith("f:"):
        return obj.get(step[2:], ABSENT) if isinstance(obj, dict) else ABSENT
    position = _position(obj, step)
    return obj[int(position)] if position else ABSENT


def _position(obj: Any, step: str) -> str:
    """A member's name; an item's place in its list, empty where it is not there."""
    if step.startswith("f:"):
        return step[2:]
    if not isinstance(obj, list):
        return ""
    wanted = json.loads(step[2:])
    places = (place for place, item in enumerate(obj) if _is(item, wanted, step))
    return str(next(places, ""))


def _is(item: Any, wanted: Any, step: str) -> bool:
    if step.startswith("v:"):
        return bool(item == wanted)
    return all(item.get(name) == value for name, value in wanted.items())


def _shown(step: str) -> str:
    if step.startswith("f:"):
        return f".{step[2:]}"
    wanted = json.loads(step[2:])
    return f"[{','.join(map(str, wanted.values())) if isinstance(wanted, dict) else wanted}]"
