"""The operator's `Client` over a `World`: an API server without a server.

Requests are answered at once. `calls` has every one of them, `fault` may refuse one before it is
done or lose its answer after, `forget_before` makes old watch versions expire, and `hang_up` ends
the open watches. What it does is compared with a real API server in tests/api.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from slipway_operator.kube import errors
from slipway_operator.kube.client import Json, Page, Resource, WatchEvent
from world import ApiError, Change, World, identity, matches

T = TypeVar("T")
WRITES = frozenset({"apply", "json_patch", "create", "replace", "delete"})


class Call(NamedTuple):
    """One request; `name` is empty for lists and watches, `subresource` almost always."""

    verb: str
    kind: str
    namespace: str | None
    name: str = ""
    subresource: str = ""

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.verb in WRITES


Fault = Callable[[Call], errors.KubeError | None]
"""Says which error a call ends with, if any."""


@dataclass
class FakeKube:
    """An API server's verbs over `world`."""

    world: World
    calls: list[Call] = field(default_factory=list)
    before: Fault = lambda _: None
    """Asked before a request is carried out: the server refuses, or was not reached."""
    after: Fault = lambda _: None
    """Asked after it was carried out: the answer was lost."""
    forget_before: int = 0
    lists: int = 0
    served: dict[str, Json] = field(default_factory=dict)
    _hung_up: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def writes(self) -> list[Call]:
        """The calls that may have changed something, in order."""
        return [call for call in self.calls if call.writes]

    def hang_up(self) -> None:
        """Ends every open watch."""
        self._hung_up.set()
        self._hung_up = asyncio.Event()

    async def get(self, resource: Resource, namespace: str, name: str) -> Json:
        """One object."""
        call = Call("get", resource.kind, namespace, name)
        return self._do(call, lambda: self.world.get(resource.kind, namespace, name))

    async def list_page(
        self, resource: Resource, namespace: str | None, *, selector: str, limit: int, token: str = ""
    ) -> Page:
        """A chunk of the list as it was when its first chunk was asked for, less what has gone since."""
        self.lists += not token
        call = Call("list", resource.kind, namespace)
        start = int(token or 0)
        found = self._do(call, lambda: self.world.list(resource.kind, namespace, _labels(selector)))
        rest = str(start + limit) if start + limit < len(found) else ""
        return Page(found[start : start + limit], str(self.world.version), rest)

    async def watch(
        self, resource: Resource, namespace: str | None, *, selector: str, version: str, seconds: int
    ) -> AsyncGenerator[WatchEvent, None]:
        """Changes after `version`, until `hang_up`."""
        del seconds
        self._do(Call("watch", resource.kind, namespace), dict)
        if int(version) < self.forget_before:
            raise errors.Expired(f"too old resource version: {version}", code=410)
        changed, hung_up = asyncio.Event(), self._hung_up
        self.world.subscribers.append(lambda _: changed.set())
        seen = 0
        while not hung_up.is_set():
            changed.clear()
            events = list(_selected(self.world.log, resource.kind, namespace, _labels(selector)))
            for event in events[seen:]:
                if int(event.object["metadata"]["resourceVersion"]) > int(version):
                    yield event
            seen = len(events)
            await _either(changed, hung_up)

    async def apply(
        self, resource: Resource, manifest: Json, *, manager: str, force: bool, subresource: str = ""
    ) -> Json:
        """Server-side apply."""
        meta = manifest["metadata"]
        call = Call("apply", resource.kind, meta["namespace"], meta["name"], subresource)
        return self._do(
            call, lambda: self.world.apply(manifest, manager, force=force, subresource=subresource)
        )

    async def json_patch(
        self, resource: Resource, namespace: str, name: str, operations: Sequence[Json], *, manager: str
    ) -> Json:
        """A JSON patch."""
        call = Call("json_patch", resource.kind, namespace, name)
        return self._do(
            call,
            lambda: self.world.json_patch(resource.kind, namespace, name, operations, manager=manager),
        )

    async def create(self, resource: Resource, manifest: Json, *, manager: str = "") -> Json:
        """A plain create."""
        meta = manifest["metadata"]
        call = Call("create", resource.kind, meta["namespace"], meta["name"])
        return self._do(call, lambda: self.world.create(manifest, manager or "unknown"))

    async def replace(self, resource: Resource, manifest: Json) -> Json:
        """A plain update."""
        meta = manifest["metadata"]
        call = Call("replace", resource.kind, meta["namespace"], meta["name"])
        return self._do(call, lambda: self.world.put(manifest))

    async def delete(self, resource: Resource, namespace: str, name: str, *, uid: str) -> Json:
        """Deletion of that very object."""
        call = Call("delete", resource.kind, namespace, name)
        self._do(call, lambda: self.world.delete(resource.kind, namespace, name, uid=uid))
        return {"kind": "Status", "status": "Success"}

    async def discover(self, path: str) -> Json:
        """What `served` has for the path."""

        def found() -> Json:
            if path not in self.served:
                raise ApiError(404, "NotFound", "the server could not find the requested resource")
            return self.served[path]

        return self._do(Call("discover", path, None), found)

    def _do(self, call: Call, request: Callable[[], T]) -> T:
        self.calls.append(call)
        if (error := self.before(call)) is not None:
            raise error
        try:
            answer = request()
        except ApiError as refused:
            status = {"reason": refused.reason, "message": refused.message}
            raise errors.from_status(refused.code, status) from None
        if (error := self.after(call)) is not None:
            raise error
        return answer


def _labels(selector: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in selector.split(",") if part)


def _selected(
    log: Sequence[Change], kind: str, namespace: str | None, wanted: Mapping[str, str]
) -> Iterator[WatchEvent]:
    """The log as a watch with a selector shows it: leaving the selection is a deletion."""
    shown: set[tuple[str, str, str]] = set()
    for change in log:
        meta, who = change.object["metadata"], identity(change.object)
        if change.object["kind"] != kind or namespace not in (None, meta["namespace"]):
            continue
        if change.type != "DELETED" and matches(meta.get("labels", {}), wanted):
            yield WatchEvent("MODIFIED" if who in shown else "ADDED", change.object)
            shown.add(who)
        elif who in shown:
            yield WatchEvent("DELETED", change.object)
            shown.discard(who)


async def _either(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
