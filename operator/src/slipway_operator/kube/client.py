"""What the operator asks of an API server, and nothing more.

`Client` is the seam between the operator and Kubernetes: raw JSON in, raw JSON out, errors as
`kube.errors`. `kube.rest` speaks HTTP behind it; tests put an in-memory cluster there. A verb that
is not here is a verb the operator has no right to (the RBAC rules name the same ones).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

from slipway_operator.api import names
from slipway_operator.core.actions import Kind, Ref

Json = dict[str, Any]


@dataclass(frozen=True)
class Resource:
    """One REST resource: where its objects live and what they call themselves."""

    group: str
    version: str
    plural: str
    kind: str

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None, name: str = "", subresource: str = "") -> str:
        """The path below the server's root; `namespace=None` means the whole cluster."""
        parts = [f"/apis/{self.group}" if self.group else "/api", self.version]
        parts += ["namespaces", namespace] if namespace is not None else []
        return "/".join(part for part in (*parts, self.plural, name, subresource) if part)


MODELDEPLOYMENTS: Final = Resource(names.GROUP, names.VERSION, names.PLURAL, names.KIND)
EVENTS: Final = Resource("", "v1", "events", "Event")
LEASES: Final = Resource("coordination.k8s.io", "v1", "leases", "Lease")
CHILDREN: Final = {
    Kind.DEPLOYMENT: Resource("apps", "v1", "deployments", Kind.DEPLOYMENT),
    Kind.CONTROLLER_REVISION: Resource("apps", "v1", "controllerrevisions", Kind.CONTROLLER_REVISION),
    Kind.SERVICE: Resource("", "v1", "services", Kind.SERVICE),
    Kind.HORIZONTAL_POD_AUTOSCALER: Resource(
        "autoscaling", "v2", "horizontalpodautoscalers", Kind.HORIZONTAL_POD_AUTOSCALER
    ),
    Kind.POD_DISRUPTION_BUDGET: Resource("policy", "v1", "poddisruptionbudgets", Kind.POD_DISRUPTION_BUDGET),
    Kind.POD: Resource("", "v1", "pods", Kind.POD),
    Kind.ENDPOINT_SLICE: Resource("discovery.k8s.io", "v1", "endpointslices", Kind.ENDPOINT_SLICE),
}
"""Every kind a store keeps, with the one version of it that the operator speaks."""


def resource_of(ref: Ref) -> Resource:
    """The resource behind a reference."""
    return CHILDREN[ref.kind]


class Page(NamedTuple):
    """One chunk of a list; `token` is empty on the last one."""

    items: list[Json]
    resource_version: str
    token: str


class WatchEvent(NamedTuple):
    """One line of a watch: ADDED, MODIFIED, DELETED, BOOKMARK (an ERROR is raised instead)."""

    type: str
    object: Json


class Client(Protocol):
    """The API server; every method may raise any `kube.errors.KubeError`."""

    async def get(self, resource: Resource, namespace: str, name: str) -> Json:
        """One object, read live."""
        ...

    async def list_page(
        self, resource: Resource, namespace: str | None, *, selector: str, limit: int, token: str = ""
    ) -> Page:
        """One chunk of a list; every item carries its apiVersion and kind."""
        ...

    def watch(
        self, resource: Resource, namespace: str | None, *, selector: str, version: str, seconds: int
    ) -> AsyncGenerator[WatchEvent, None]:
        """Changes since `version`, for at most `seconds`; ends quietly when the server ends it."""
        ...

    async def apply(
        self, resource: Resource, manifest: Json, *, manager: str, force: bool, subresource: str = ""
    ) -> Json:
        """Server-side apply; `metadata.uid` in the manifest makes it an update of that very object."""
        ...

    async def json_patch(
        self, resource: Resource, namespace: str, name: str, operations: Sequence[Json], *, manager: str
    ) -> Json:
        """A JSON patch, all or nothing."""
        ...

    async def create(self, resource: Resource, manifest: Json, *, manager: str = "") -> Json:
        """A plain create: Events and Leases."""
        ...

    async def replace(self, resource: Resource, manifest: Json) -> Json:
        """A plain update, guarded by the manifest's resourceVersion: Leases."""
        ...

    async def delete(self, resource: Resource, namespace: str, name: str, *, uid: str) -> Json:
        """Background deletion of that very object; answers the object if it is still terminating."""
        ...

    async def discover(self, path: str) -> Json:
        """A raw read below the server's root, such as `/apis/slipway.dev`."""
        ...
