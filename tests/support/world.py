"""An API server's objects in memory: synchronous, deterministic, nothing but values.

`World` keeps objects as the real server would: uids, resourceVersions that move only when something
changed, generations, defaults, field ownership (`world_apply`), UID and resourceVersion
preconditions, owner references. Nothing happens by itself: a test calls `settle()` or single steps
of the little controllers (`world_controllers`) when time is to pass. Every change is in `log` and
goes to `subscribers`, so a fake client can build its watches from it.

Objects go in and come out as deep copies.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import world_apply
from world_defaults import defaulted, respelled
from world_fields import Object, clone

API_VERSIONS: Final = {
    "ModelDeployment": "slipway.dev/v1alpha1",
    "Deployment": "apps/v1",
    "ControllerRevision": "apps/v1",
    "Service": "v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "PodDisruptionBudget": "policy/v1",
    "Pod": "v1",
    "EndpointSlice": "discovery.k8s.io/v1",
}
IMMUTABLE: Final = {"Deployment": ("spec", "selector"), "ControllerRevision": ("data",)}
UNOWNED: Final = frozenset({"Pod", "EndpointSlice"})
"""Kinds whose field owners nobody asks for: left out, as those of a status, to be quick."""
COUNTS_GENERATIONS: Final = frozenset({"ModelDeployment", "Deployment", "PodDisruptionBudget"})
START: Final = datetime(2026, 11, 21, 10, 0, 0, tzinfo=UTC)


Objects = list[Object]


class ApiError(Exception):
    """The server's answer to a request that it refuses."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(f"{code} {reason}: {message}")
        self.code = code
        self.reason = reason
        self.message = message


@dataclass(frozen=True)
class Change:
    """One watch event; `type` is ADDED, MODIFIED or DELETED."""

    type: str
    object: Object


Identity = tuple[str, str, str]
"""Kind, namespace, name."""


def identity(obj: Mapping[str, Any]) -> Identity:
    """Which object this is."""
    return obj["kind"], obj["metadata"].get("namespace", "default"), obj["metadata"]["name"]


def clone_all(objects: Mapping[Identity, Object]) -> dict[Identity, Object]:
    """Deep copies."""
    return {at: clone(obj) for at, obj in objects.items()}


def rfc3339(moment: datetime) -> str:
    """A time as Kubernetes writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def matches(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether an equality selector picks these labels."""
    return wanted.items() <= labels.items()


@dataclass
class World:
    """The objects of one cluster, and its clock."""

    now: datetime = START
    objects: dict[Identity, Object] = field(default_factory=dict)
    log: list[Change] = field(default_factory=list)
    subscribers: list[Callable[[Change], None]] = field(default_factory=list)
    admission: list[Callable[[World, str, Object], None]] = field(default_factory=list)
    """Called with (world, verb, object) before a write is stored; may raise ApiError (quota, policy)."""
    version: int = 100
    uids: int = 0

    # ---- reading

    def get(self, kind: str, namespace: str, name: str) -> Object:
        """One object; 404 if there is none."""
        found = self.objects.get((kind, namespace, name))
        if found is None:
            raise ApiError(404, "NotFound", f'{kind} "{name}" not found')
        return clone(found)

    def find(self, kind: str, namespace: str, name: str) -> Object | None:
        """One object, or None."""
        return clone(self.objects.get((kind, namespace, name)))

    def list(
        self, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> Objects:
        """All objects of a kind, by name."""
        return [clone(obj) for obj in self.peek(kind, namespace, labels)]

    def peek(
        self, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> Objects:
        """The same, but not copies: only to look at."""
        found = sorted(
            (name, space) for at, space, name in self.objects if at == kind and namespace in (None, space)
        )
        objects = (self.objects[kind, space, name] for name, space in found)
        return [obj for obj in objects if matches(obj["metadata"].get("labels", {}), labels or {})]

    # ---- writing

    def create(self, obj: Object, manager: str = "kubectl-create") -> Object:
        """POST; 409 AlreadyExists if the name is taken."""
        if identity(obj) in self.objects:
            raise ApiError(409, "AlreadyExists", f"{' '.join(identity(obj))} already exists")
        new = defaulted(clone(obj))
        owners = {} if new["kind"] in UNOWNED else world_apply.update({}, new, (manager, "Update", ""))
        return self._store("create", None, new, owners)

    def apply(self, manifest: Object, manager: str, *, force: bool = False, subresource: str = "") -> Object:
        """Server-side apply: creates, or changes what the manager owns; 409 on any precondition."""
        sent = clone(manifest)
        sent["metadata"].setdefault("namespace", "default")
        meta = sent["metadata"]
        live = self.objects.get(identity(sent))
        uid = meta.pop("uid", None)
        if sent["kind"] == "ModelDeployment" and subresource == "status":
            uid = None  # a custom resource's status takes its metadata from the live object, the uid too
        self._check(live, uid, meta.pop("resourceVersion", None), identity(sent))
        if live is None and subresource:
            raise ApiError(404, "NotFound", f"{' '.join(identity(sent))} not found")
        if sent["kind"] == "ModelDeployment" and not subresource:
            sent.pop("status", None)
        named = {"name": meta["name"], "namespace": meta["namespace"]}
        base = live or {"apiVersion": sent["apiVersion"], "kind": sent["kind"], "metadata": named}
        try:
            new, owners = world_apply.apply(
                base, respelled(sent), (manager, "Apply", subresource), force=force
            )
        except world_apply.ConflictingFieldsError as error:
            raise ApiError(409, "Conflict", str(error)) from None
        return self._store("patch" if live else "create", live, defaulted(clone(new)), owners)

    def put(self, obj: Object, manager: str = "kubectl-edit", subresource: str = "") -> Object:
        """Replace an object; its uid and resourceVersion, if given, are preconditions."""
        live = self.objects.get(identity(obj))
        meta = obj["metadata"]
        self._check(live, meta.get("uid"), meta.get("resourceVersion"), identity(obj))
        if live is None:
            raise ApiError(404, "NotFound", f"{' '.join(identity(obj))} not found")
        new = clone(obj)
        for name in ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"):
            if name in live["metadata"]:
                new["metadata"][name] = clone(live["metadata"][name])
        if subresource == "status":
            new = {**clone(live), "status": new.get("status", {})}
        elif "status" in live:
            new["status"] = clone(live["status"])
        new = new if subresource == "status" else defaulted(new)
        owner = (manager, "Update", subresource)
        unowned = new["kind"] in UNOWNED or subresource == "status"
        owners = world_apply.read_owners(live) if unowned else world_apply.update(live, new, owner)
        return self._store("update", live, new, owners)

    def merge_patch(
        self,
        kind: str,
        namespace: str,
        name: str,
        patch: Object,
        *,
        manager: str = "kubectl-edit",
        subresource: str = "",
    ) -> Object:
        """JSON merge patch (lists are replaced; null removes)."""
        return self.put(_merged(self.get(kind, namespace, name), patch), manager, subresource)

    def json_patch(
        self, kind: str, namespace: str, name: str, patch: Sequence[Object], *, manager: str = "kubectl-edit"
    ) -> Object:
        """JSON patch with test, add, replace and remove; a failed test is 422, as on the server."""
        obj = self.get(kind, namespace, name)
        for operation in patch:
            _patched(obj, operation)
        return self.put(obj, manager)

    def scale(
        self, kind: str, namespace: str, name: str, replicas: int, manager: str = "kubectl-scale"
    ) -> Object:
        """Write `spec.replicas` through the scale subresource, as kubectl scale and autoscalers do."""
        obj = self.get(kind, namespace, name)
        obj["spec"]["replicas"] = replicas
        return self.put(obj, manager, "scale")

    def delete(
        self,
        kind: str,
        namespace: str,
        name: str,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
    ) -> None:
        """Delete at once; dependents go with the next `collect_garbage` step."""
        live = self.objects.get((kind, namespace, name))
        if live is None:
            raise ApiError(404, "NotFound", f'{kind} "{name}" not found')
        self._check(live, uid, resource_version, (kind, namespace, name))
        for check in self.admission:
            check(self, "delete", live)
        self.version += 1
        gone = self.objects.pop((kind, namespace, name))
        gone["metadata"]["resourceVersion"] = str(self.version)
        self._tell("DELETED", gone)

    def copy(self) -> World:
        """The same world once more, with an empty log and nobody who listens."""
        objects, admission = clone_all(self.objects), [*self.admission]
        return replace(self, objects=objects, log=[], subscribers=[], admission=admission)

    # ---- time

    def advance(self, seconds: float) -> None:
        """Let the clock go on; nothing else happens."""
        self.now += timedelta(seconds=seconds)

    # ---- inner life

    def _check(self, live: Object | None, uid: str | None, version: str | None, who: Identity) -> None:
        actual = live["metadata"] if live else {}
        if uid is not None and actual.get("uid") != uid:
            raise ApiError(409, "Conflict", f"{' '.join(who)}: uid is {actual.get('uid')}, not {uid}")
        if version is not None and live is not None and actual["resourceVersion"] != version:
            raise ApiError(409, "Conflict", f"{' '.join(who)}: the object has been modified")

    def _store(self, verb: str, live: Object | None, new: Object, owners: world_apply.Owners) -> Object:
        meta = new["metadata"]
        meta.setdefault("namespace", "default")
        if live is None:
            self.uids += 1
            meta |= {"uid": f"uid-{self.uids:04}", "creationTimestamp": rfc3339(self.now)}
        else:
            self._refuse_immutable(live, new)
        if new["kind"] in COUNTS_GENERATIONS:
            known = live["metadata"]["generation"] if live else 0
            changed = live is None or live.get("spec") != new.get("spec")
            meta["generation"] = known + 1 if changed else known
        world_apply.write_owners(new, owners, rfc3339(self.now))
        if live is not None and new == live:
            return clone(live)
        for check in self.admission:
            check(self, verb, new)
        self.version += 1
        meta["resourceVersion"] = str(self.version)
        self.objects[identity(new)] = new
        self._tell("MODIFIED" if live else "ADDED", new)
        return clone(new)

    def _refuse_immutable(self, live: Object, new: Object) -> None:
        path = IMMUTABLE.get(new["kind"])
        if path and _at(live, path) != _at(new, path):
            raise ApiError(422, "Invalid", f"{'.'.join(path)}: field is immutable")

    def _tell(self, change: str, obj: Object) -> None:
        said = Change(change, clone(obj))
        self.log.append(said)
        for subscriber in self.subscribers:
            subscriber(said)


def _at(obj: Any, path: Iterable[str]) -> Any:
    for name in path:
        obj = (obj or {}).get(name)
    return obj


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _merged(result.get(name), value)
    return result


def _patched(obj: Object, operation: Object) -> None:
    *parents, last = (p.replace("~1", "/").replace("~0", "~") for p in operation["path"].split("/")[1:])
    node: Any = obj
    for name in parents:
        node = node[int(name)] if isinstance(node, list) else node.setdefault(name, {})
    key: Any = int(last) if isinstance(node, list) and last != "-" else last
    match operation["op"]:
        case "test":
            actual = node[key] if isinstance(node, list) else node.get(key)
            if actual != operation["value"]:
                raise ApiError(422, "Invalid", f"test of {operation['path']} failed: {json.dumps(actual)}")
        case "remove":
            del node[key]
        case "add" if isinstance(node, list):
            node.insert(len(node) if key == "-" else key, clone(operation["value"]))
        case _:
            node[key] = clone(operation["value"])
