"""Server-side apply and plain updates, with who owns which field.

An apply sets the manager's fields, takes what it forces, and removes what the same manager applied
before, left out now, and nobody else owns. A plain update (kubectl edit, a controller) owns what it
changed and takes it from everybody else. Defaults that the server fills in belong to nobody.
"""

from __future__ import annotations

from typing import Any

from world_fields import (
    Object,
    Path,
    from_fields_v1,
    has,
    is_atomic_map,
    key_element,
    list_keys,
    lookup,
    members,
    remove,
    to_fields_v1,
)

Owner = tuple[str, str, str]
"""Manager, operation (`Apply` or `Update`), subresource (`""`, `status`, `scale`)."""
Owners = dict[Owner, set[Path]]


class ConflictingFieldsError(Exception):
    """An unforced apply would change fields of other managers."""

    def __init__(self, paths: list[tuple[Path, str]]) -> None:
        shown = ", ".join(f"{'.'.join(path)} (of {owner})" for path, owner in paths)
        super().__init__(f"Apply failed with {len(paths)} conflict(s): {shown}")


def read_owners(obj: Object) -> Owners:
    """The owners that an object's managedFields spell."""
    return {
        (entry["manager"], entry["operation"], entry.get("subresource", "")): from_fields_v1(
            entry["fieldsV1"]
        )
        for entry in obj.get("metadata", {}).get("managedFields", ())
    }


def write_owners(obj: Object, owners: Owners, time: str) -> None:
    """Put `owners` into the object; an entry that did not change keeps its time."""
    before = {
        (e["manager"], e["operation"], e.get("subresource", "")): e
        for e in obj["metadata"].get("managedFields", ())
    }
    entries = []
    for owner, paths in owners.items():
        if not paths:
            continue
        manager, operation, subresource = owner
        fields = to_fields_v1(paths)
        known = before.get(owner)
        entry = {
            "manager": manager,
            "operation": operation,
            "apiVersion": obj["apiVersion"],
            "time": known["time"] if known and known["fieldsV1"] == fields else time,
            "fieldsType": "FieldsV1",
            "fieldsV1": fields,
        }
        entries.append(entry | ({"subresource": subresource} if subresource else {}))
    obj["metadata"]["managedFields"] = entries


def merge(live: Any, applied: Any, path: Path = ()) -> Any:
    """`applied` laid over `live`: maps by field, keyed lists by key, all else replaced."""
    if isinstance(live, dict) and isinstance(applied, dict) and not is_atomic_map(path):
        merged = dict(live)
        for name, value in applied.items():
            at = (*path, f"f:{name}")
            merged[name] = merge(live[name], value, at) if name in live else value
        return merged
    keys = list_keys(path)
    if isinstance(live, list) and isinstance(applied, list) and keys:
        rest = {key_element(item, keys): item for item in live}
        items = []
        for item in applied:
            element = key_element(item, keys)
            items.append(merge(rest.pop(element), item, (*path, element)) if element in rest else item)
        return [*items, *rest.values()]
    return applied


def apply(live: Object, manifest: Object, owner: Owner, *, force: bool) -> tuple[Object, Owners]:
    """The object after a server-side apply on `live`, and its owners; raises ConflictingFieldsError."""
    owners = read_owners(live)
    wanted = set(members(manifest))
    changed = {p for p in wanted if not has(live, p) or lookup(live, p) != lookup(manifest, p)}
    conflicts = [
        (path, other[0])
        for other, paths in owners.items()
        if other != owner
        for path in sorted(paths & changed)
    ]
    if conflicts and not force:
        raise ConflictingFieldsError(conflicts)
    for other in owners:
        if other != owner:
            owners[other] = owners[other] - changed
    others: set[Path] = set().union(*(paths for other, paths in owners.items() if other != owner))
    dropped = owners.get(owner, set()) - wanted
    gone = {path for path in dropped if not any(kept[: len(path)] == path for kept in others)}
    pruned = remove(live, gone) if gone else live
    owners[owner] = wanted
    return merge(pruned, manifest), owners


def update(live: Object, new: Object, owner: Owner) -> Owners:
    """The owners after a plain update from `live` to `new`."""
    owners = read_owners(live)
    after = set(members(new))
    changed = {p for p in after if not has(live, p) or lookup(live, p) != lookup(new, p)}
    for other in owners:
        owners[other] = (owners[other] & after) - changed
    owners[owner] = owners.get(owner, set()) | changed
    return owners
