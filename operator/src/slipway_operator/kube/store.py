"""What we know of every child, indexed by the ModelDeployment it belongs to.

Reflectors feed it lists and watch events; the executor feeds it the answers to our own writes, so
that the next look never acts on a view older than what we did ourselves. Three sources race, so:

- a newer resourceVersion wins over an older one (they are ordered per object);
- a list replaces whatever was there before the list began, and sweeps out what it did not show,
  save what we wrote since;
- an object that we deleted does not come back by a late event of it (uids are never re-used).

A child is kept as `slim` JSON bytes, a tenth of the decoded object, and decoded at each look. What
changed nothing but the resourceVersion wakes nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

import orjson

from slipway_operator.api.names import LABEL_MODELDEPLOYMENT
from slipway_operator.api.types import Key
from slipway_operator.core.actions import Kind
from slipway_operator.kube.client import Json

Slim = Callable[[Json], Json]
Place = tuple[str, str]
"""Namespace and name of a child."""


class _Record(NamedTuple):
    owner: Key
    uid: str
    version: str
    turn: int
    body: bytes


class Store:
    """All kinds in one; `slim` says what is kept of an object. Keys returned are to be woken."""

    def __init__(self, slim: Slim) -> None:
        self._slim = slim
        self._records: dict[Kind, dict[Place, _Record]] = {kind: {} for kind in Kind}
        self._children: defaultdict[Key, set[tuple[Kind, Place]]] = defaultdict(set)
        self._deleted: dict[str, int] = {}
        self._turn = 0

    def __len__(self) -> int:
        return sum(map(len, self._records.values()))

    def children(self, key: Key) -> dict[Kind, list[Json]]:
        """Every child of one ModelDeployment, by kind and then by name; all kinds are there."""
        found: dict[Kind, list[Json]] = {kind: [] for kind in Kind}
        for kind, place in sorted(self._children.get(key, ())):
            record = self._records[kind][place]
            child = orjson.loads(record.body)
            child["metadata"]["resourceVersion"] = record.version
            found[kind].append(child)
        return found

    def turn(self) -> int:
        """A mark in the store's own time, to be taken before a list begins."""
        return self._turn

    def put(
        self, kind: Kind, raw: Json, *, owner: Key | None = None, listed_at: int | None = None
    ) -> set[Key]:
        """Takes an object as an event, a list item or an answer shows it.

        `owner` overrides the label, for an object of ours that lost it. `listed_at` is the `turn`
        before the list that showed it: whatever was known by then is replaced, older or newer.
        """
        meta = raw["metadata"]
        place = (meta.get("namespace", ""), meta["name"])
        known = self._records[kind].get(place)
        settled = known is not None and listed_at is not None and known.turn <= listed_at
        if meta["uid"] in self._deleted or (known and not settled and not _newer(meta, known)):
            return set()
        label = (meta.get("labels") or {}).get(LABEL_MODELDEPLOYMENT, "")
        owner = owner or (Key(place[0], label) if label else None)
        if owner is None:
            return self._drop(kind, place)
        return self._keep(kind, place, owner, raw)

    def remove(self, kind: Kind, raw: Json) -> set[Key]:
        """Takes a DELETED event; one that is older than a new object of that name is late news."""
        meta = raw["metadata"]
        self._deleted.pop(meta["uid"], None)
        place = (meta.get("namespace", ""), meta["name"])
        known = self._records[kind].get(place)
        if known is None or (known.uid != meta["uid"] and not _newer(meta, known)):
            return set()
        return self._drop(kind, place)

    def forget(self, kind: Kind, namespace: str, name: str, uid: str) -> None:
        """We deleted this very object: it is gone for us, whatever late events still show."""
        self._turn += 1
        self._deleted[uid] = self._turn
        known = self._records[kind].get((namespace, name))
        if known is not None and known.uid == uid:
            self._drop(kind, (namespace, name))

    def sweep(self, kind: Kind, namespace: str | None, seen: Iterable[Place], listed_at: int) -> set[Key]:
        """After a complete list: drops what it did not show and nobody wrote since it began."""
        shown = set(seen)
        gone = [
            place
            for place, record in self._records[kind].items()
            if place not in shown and namespace in (None, place[0]) and record.turn <= listed_at
        ]
        self._deleted = {uid: turn for uid, turn in self._deleted.items() if turn > listed_at}
        return set().union(*(self._drop(kind, place) for place in gone))

    def _keep(self, kind: Kind, place: Place, owner: Key, raw: Json) -> set[Key]:
        slimmed = self._slim(raw)
        meta = dict(slimmed["metadata"])
        version = meta.pop("resourceVersion")
        body = orjson.dumps({**slimmed, "metadata": meta}, option=orjson.OPT_SORT_KEYS)
        known = self._records[kind].get(place)
        self._turn += 1
        self._records[kind][place] = _Record(owner, meta["uid"], version, self._turn, body)
        if known is not None and known.owner != owner:
            self._unlink(known.owner, kind, place)
        self._children[owner].add((kind, place))
        if known is None:
            return {owner}
        return {known.owner, owner} if (known.body, known.owner) != (body, owner) else set()

    def _drop(self, kind: Kind, place: Place) -> set[Key]:
        record = self._records[kind].pop(place, None)
        if record is None:
            return set()
        self._unlink(record.owner, kind, place)
        return {record.owner}

    def _unlink(self, owner: Key, kind: Kind, place: Place) -> None:
        self._children[owner].discard((kind, place))
        if not self._children[owner]:
            del self._children[owner]


def _newer(meta: Json, known: _Record) -> bool:
    """Whether `meta` is not older than `known`; versions that are not numbers cannot be compared."""
    said = meta["resourceVersion"]
    if said.isdecimal() and known.version.isdecimal():
        return int(said) >= int(known.version)
    return True
