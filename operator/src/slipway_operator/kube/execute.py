"""Carries out a plan: one write after the other, up to the first error.

Each prefix of a plan is safe to stop at; the next look plans again from what it then sees. So
nothing is retried here. Every answer goes into the store at once (read-your-writes). A create first
looks live, because a store only knows what carries our label: a stranger of that name is left as it
is, byte by byte, and a child of ours that the store had not seen yet ends the run for a fresh look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import assert_never

from slipway_operator.api import names
from slipway_operator.api.types import Key
from slipway_operator.core.actions import (
    Annotate,
    Create,
    Delete,
    Ref,
    Replace,
    SetReplicas,
    Update,
    Write,
)
from slipway_operator.kube import errors
from slipway_operator.kube.client import Client, Json, resource_of
from slipway_operator.kube.store import Store


class Executor:
    """Writes for one ModelDeployment at a time; `fence` raises when we may not write any more."""

    def __init__(self, client: Client, store: Store, fence: Callable[[], None]) -> None:
        self._client = client
        self._store = store
        self._fence = fence

    async def run(self, key: Key, writes: Iterable[Write]) -> int:
        """Carries out `writes` for `key`, in order; answers how many. Raises the first `KubeError`."""
        done = 0
        for done, write in enumerate(writes, start=1):  # noqa: B007 -- the count is the answer
            self._fence()
            await self._one(key, write)
        return done

    async def _one(self, key: Key, write: Write) -> None:
        match write:
            case Create():
                await self._create(key, write)
            case Update():
                sent = _with_meta(write.manifest, uid=write.uid)
                await self._apply(key, write.ref, sent, write.manager, force=True)
            case SetReplicas():
                sent = _bare(write.ref, uid=write.uid, resourceVersion=write.resource_version)
                sent["spec"] = {"replicas": write.replicas}
                await self._apply(key, write.ref, sent, write.manager, force=True)
            case Annotate():
                marks = {"annotations": write.annotations} if write.annotations else {}
                sent = _bare(write.ref, uid=write.uid, **marks)
                await self._apply(key, write.ref, sent, write.manager, force=True)
            case Replace():
                await self._replace(key, write)
            case Delete():
                await self._delete(key, write)
            case _:
                assert_never(write)

    async def _create(self, key: Key, write: Create) -> None:
        live = await self._live(write.ref)
        if live is not None:
            self._known(key, write, live)
        await self._apply(key, write.ref, write.manifest, write.manager, force=False)

    async def _live(self, ref: Ref) -> Json | None:
        try:
            return await self._client.get(resource_of(ref), ref.namespace, ref.name)
        except errors.NotFound:
            return None

    def _known(self, key: Key, write: Create, live: Json) -> None:
        """Raises for every object that already has the name; which error depends on whose it is."""
        owner = _controller(live)
        if owner.get("uid") == write.owner_uid:
            self._store.put(write.ref.kind, live, owner=key)
            raise errors.AlreadyExists(f"{write.ref} is there already; looking again")
        if owner.get("kind") == names.KIND and owner.get("name") == key.name:
            raise errors.WaitingForCleanup(
                f"{write.ref} still belongs to a deleted ModelDeployment {key.name} "
                f"(uid {owner.get('uid')}); waiting for garbage collection"
            )
        whose = f"belongs to {owner['kind']} {owner['name']}" if owner else "is not this ModelDeployment's"
        raise errors.NameConflict(
            f"{write.ref} {whose}; it is left as it is: delete or rename it, or rename this ModelDeployment"
        )

    async def _apply(self, key: Key, ref: Ref, manifest: Json, manager: str, *, force: bool) -> None:
        answer = await self._client.apply(resource_of(ref), manifest, manager=manager, force=force)
        self._store.put(ref.kind, answer, owner=key)

    async def _replace(self, key: Key, write: Replace) -> None:
        """The uid and version operations change nothing, or answer 409."""
        operations: list[Json] = [
            {"op": "replace", "path": "/metadata/uid", "value": write.uid},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": write.resource_version},
            {"op": "replace", "path": write.path, "value": write.value},
        ]
        ref = write.ref
        answer = await self._client.json_patch(
            resource_of(ref), ref.namespace, ref.name, operations, manager=write.manager
        )
        self._store.put(ref.kind, answer, owner=key)

    async def _delete(self, key: Key, write: Delete) -> None:
        ref = write.ref
        try:
            answer = await self._client.delete(resource_of(ref), ref.namespace, ref.name, uid=write.uid)
        except errors.NotFound:
            answer = {}
        if answer.get("metadata", {}).get("deletionTimestamp"):  # somebody's finalizer holds it
            self._store.put(ref.kind, answer, owner=key)
        else:
            self._store.forget(ref.kind, ref.namespace, ref.name, write.uid)


def _controller(live: Json) -> Json:
    """The object's controller reference, or an empty one."""
    owners = live["metadata"].get("ownerReferences") or ()
    return next((owner for owner in owners if owner.get("controller")), {})


def _with_meta(manifest: Json, **meta: object) -> Json:
    return {**manifest, "metadata": {**manifest["metadata"], **meta}}


def _bare(ref: Ref, **meta: object) -> Json:
    """A manifest that says which object is meant, and nothing of it."""
    resource = resource_of(ref)
    named = {"namespace": ref.namespace, "name": ref.name}
    return {"apiVersion": resource.api_version, "kind": str(resource.kind), "metadata": {**named, **meta}}
