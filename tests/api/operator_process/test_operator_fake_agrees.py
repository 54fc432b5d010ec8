"""The in-memory API server behind most tests, held against the real one.

Each play is a sequence of requests through the operator's own `Client`; it must end alike on both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Any

import pytest

from fake_kube import FakeKube
from live_operator import Stage
from slipway_operator.core.actions import Kind
from slipway_operator.kube import errors
from slipway_operator.kube.access import Access
from slipway_operator.kube.client import CHILDREN, MODELDEPLOYMENTS, Client, Json
from slipway_operator.kube.rest import RestClient
from world import World

DEPLOYMENTS = CHILDREN[Kind.DEPLOYMENT]
SERVICES = CHILDREN[Kind.SERVICE]
REVISIONS = CHILDREN[Kind.CONTROLLER_REVISION]
LABELS = {"app.kubernetes.io/managed-by": "slipway", "slipway.dev/modeldeployment": "iris"}
Play = Callable[["Player"], Awaitable[None]]


class Player:
    """Does requests in a namespace and notes what came of them."""

    def __init__(self, client: Client, namespace: str) -> None:
        self.client = client
        self.namespace = namespace
        self.notes: list[Any] = []

    def note(self, what: object) -> None:
        """Keeps an observation."""
        self.notes.append(what)

    async def tried(self, request: Awaitable[Json]) -> Json:
        """Notes the class of the error, or that it went well; the answer."""
        try:
            answer = await request
        except errors.KubeError as error:
            self.note(type(error).__name__)
            return {}
        self.note("done")
        return answer

    def meta(self, name: str, **more: Any) -> Json:
        """Metadata of a child."""
        return {"namespace": self.namespace, "name": name, **more}

    def service(self, name: str = "iris", selector: str = "a", **more: Any) -> Json:
        """A Service."""
        ports = [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080}]
        meta = self.meta(name, labels=dict(LABELS), **more)
        spec = {"selector": {"track": selector}, "ports": ports}
        return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}

    def deployment(self, **spec: Any) -> Json:
        """A Deployment of one container; `spec` is laid over it."""
        labels = {"app": "iris"}
        template = {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "server", "image": "r:1", "args": ["serve"]}]},
        }
        base = {"selector": {"matchLabels": labels}, "template": template}
        meta = self.meta("iris", labels=dict(LABELS))
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": base | spec}

    async def apply(self, manifest: Json, *, manager: str = "slipway", force: bool = False) -> Json:
        """An apply, whatever the kind."""
        resource = {"Service": SERVICES, "Deployment": DEPLOYMENTS}[manifest["kind"]]
        return await self.tried(self.client.apply(resource, manifest, manager=manager, force=force))

    async def insisting(self, operations: list[Json]) -> Json:
        """A patch under the live version, repeated while the cluster's own controllers are faster."""
        while True:
            live = await self.client.get(DEPLOYMENTS, self.namespace, "iris")
            operations[1]["value"] = live["metadata"]["resourceVersion"]
            with suppress(errors.Conflict):
                return await self.client.json_patch(
                    DEPLOYMENTS, self.namespace, "iris", operations, manager="repair"
                )

    async def replicas(self) -> int:
        """The Deployment's size."""
        live = await self.client.get(DEPLOYMENTS, self.namespace, "iris")
        return int(live["spec"]["replicas"])

    def bare(self, live: Json, **more: Any) -> Json:
        """A manifest that names an object by uid, and nothing else of it."""
        meta = self.meta(live["metadata"]["name"], uid=live["metadata"]["uid"])
        return {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": meta | more}


async def creates_and_repeats(p: Player) -> None:
    """The same apply again changes nothing, not even the version."""
    first = await p.apply(p.service())
    again = await p.apply(p.service())
    p.note(first["metadata"]["resourceVersion"] == again["metadata"]["resourceVersion"])
    p.note(again["spec"]["type"])


async def collides_unforced(p: Player) -> None:
    """An unforced apply over somebody else's value is refused, the same value is shared."""
    await p.apply(p.service(selector="theirs"), manager="them")
    await p.apply(p.service(selector="ours"))
    await p.apply(p.service(selector="theirs"))
    live = await p.apply(p.service(selector="ours"), force=True)
    p.note(live["spec"]["selector"])


async def names_the_wrong_uid(p: Player) -> None:
    """A uid that is not the object's, or of no object at all, is a conflict."""
    await p.apply(p.service(uid="00000000-0000-0000-0000-000000000001"), force=True)
    await p.apply(p.service())
    await p.apply(p.service(selector="b", uid="00000000-0000-0000-0000-000000000001"), force=True)


async def names_an_old_version(p: Player) -> None:
    """A resourceVersion in an apply is a precondition, also when forced."""
    live = await p.apply(p.service())
    await p.apply(p.service(selector="b"))
    version = live["metadata"]["resourceVersion"]
    await p.apply(p.service(selector="c", resourceVersion=version), force=True)


async def drops_a_field_nobody_else_owns(p: Player) -> None:
    """Leaving `replicas` out resets it to one: an outage, if it were done."""
    await p.apply(p.deployment(replicas=3))
    p.note(await p.replicas())
    await p.apply(p.deployment())
    p.note(await p.replicas())


async def hands_replicas_over(p: Player) -> None:
    """With a second owner the value stays when the first leaves it out."""
    live = await p.apply(p.deployment(replicas=3))
    await p.apply(p.bare(live) | {"spec": {"replicas": 3}}, manager="slipway-replicas", force=True)
    await p.apply(p.deployment())
    p.note(await p.replicas())
    await p.apply(p.bare(live) | {"spec": {"replicas": 5}}, manager="slipway-replicas", force=True)
    p.note(await p.replicas())
    await p.apply(p.deployment(replicas=4))
    p.note(await p.replicas())


async def marks_with_an_annotation(p: Player) -> None:
    """A second manager's annotation survives the first one's applies."""
    live = await p.apply(p.service())
    await p.apply(p.bare(live, annotations={"slipway.dev/x": "1"}), manager="marks", force=True)
    after = await p.apply(p.service(selector="b"))
    p.note(after["metadata"].get("annotations"))
    p.note(after["spec"]["selector"])


async def removes_what_it_applied_before(p: Player) -> None:
    """Fields that we leave out and only we had are gone, keyed list items too."""
    both = p.service(annotations={"a": "1", "b": "2"})
    both["spec"]["ports"].append({"name": "grpc", "port": 81, "protocol": "TCP", "targetPort": 8081})
    await p.apply(both)
    live = await p.apply(p.service(annotations={"a": "1"}))
    p.note(live["metadata"]["annotations"])
    p.note([port["name"] for port in live["spec"]["ports"]])


async def cannot_remove_what_others_added(p: Player) -> None:
    """Why a template is replaced instead of applied: their field survives every apply of ours."""
    live = await p.apply(p.deployment())
    theirs = p.bare(live) | {"spec": {"template": {"spec": {"hostNetwork": True}}}}
    await p.apply(theirs, manager="them", force=True)
    live = await p.apply(p.deployment(), force=True)
    p.note(live["spec"]["template"]["spec"].get("hostNetwork"))
    operations = [
        {"op": "replace", "path": "/metadata/uid", "value": live["metadata"]["uid"]},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
        {"op": "replace", "path": "/spec/template", "value": p.deployment()["spec"]["template"]},
    ]
    patched = await p.insisting(operations)
    p.note(patched["spec"]["template"]["spec"].get("hostNetwork"))
    await p.tried(p.client.json_patch(DEPLOYMENTS, p.namespace, "iris", operations, manager="repair"))


async def deletes_only_the_very_object(p: Player) -> None:
    """A uid precondition on a deletion is a conflict when it is another object, 404 when it is none."""
    live = await p.apply(p.service())
    wrong = "00000000-0000-0000-0000-000000000001"
    await p.tried(p.client.delete(SERVICES, p.namespace, "iris", uid=wrong))
    await p.tried(p.client.delete(SERVICES, p.namespace, "iris", uid=live["metadata"]["uid"]))
    await p.tried(p.client.delete(SERVICES, p.namespace, "iris", uid=live["metadata"]["uid"]))
    await p.tried(p.client.get(SERVICES, p.namespace, "iris"))


async def freezes_a_revision(p: Player) -> None:
    """A ControllerRevision's data can never be changed, its labels can."""

    def revision(text: str, **labels: str) -> Json:
        return {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": p.meta("r", labels=LABELS | labels),
            "revision": 1,
            "data": {"template": text},
        }

    for manifest in (revision("a"), revision("a", more="x"), revision("b")):
        await p.tried(p.client.apply(REVISIONS, manifest, manager="slipway", force=True))


async def reports_a_status(p: Player) -> None:
    """Through its own door: the spec stays, no generation moves, a uid is ignored, a version is not."""
    predictor = {"name": "main", "graph": {"name": "iris", "modelUri": "s3://models/iris/1"}}
    meta = p.meta("iris")
    base = {"apiVersion": "slipway.dev/v1alpha1", "kind": "ModelDeployment", "metadata": meta}
    spec = {"spec": {"predictors": [predictor]}}
    created = await p.tried(p.client.apply(MODELDEPLOYMENTS, base | spec, manager="kubectl", force=False))
    status = {"observedGeneration": 1, "replicas": 2, "replicasSummary": "0/2"}
    named = base | {"metadata": meta | {"uid": created["metadata"]["uid"]}}
    for shown in (status, status, {"observedGeneration": 1, "replicas": 2}):
        answer = await p.tried(
            p.client.apply(
                MODELDEPLOYMENTS,
                named | {"status": shown},
                manager="status",
                force=True,
                subresource="status",
            )
        )
        p.note(answer["status"])
        p.note((answer["metadata"]["generation"], answer["spec"] == spec["spec"]))
    wrong = base | {"metadata": meta | {"uid": "00000000-0000-0000-0000-000000000001"}, "status": status}
    await p.tried(p.client.apply(MODELDEPLOYMENTS, wrong, manager="status", force=True, subresource="status"))


async def creates_twice(p: Player) -> None:
    """A plain create of a name that is taken."""
    for _ in range(2):
        await p.tried(p.client.create(SERVICES, p.service(), manager="x"))


async def lists_and_watches(p: Player) -> None:
    """What a selector shows: leaving the selection is a deletion, whatever the object does then."""
    await p.apply(p.service("a"))
    selector = "app.kubernetes.io/managed-by=slipway"
    page = await p.client.list_page(SERVICES, p.namespace, selector=selector, limit=500)
    p.note([(item["kind"], item["apiVersion"], item["metadata"]["name"]) for item in page.items])
    stream = p.client.watch(
        SERVICES, p.namespace, selector=selector, version=page.resource_version, seconds=5
    )
    b = await p.apply(p.service("b"))
    await p.apply(p.service("b", selector="other"))
    lost = p.service("b", selector="other")
    del lost["metadata"]["labels"]["app.kubernetes.io/managed-by"]
    await p.apply(lost)
    await p.tried(p.client.delete(SERVICES, p.namespace, "b", uid=b["metadata"]["uid"]))
    async with asyncio.timeout(10), aclosing(stream) as events:
        async for event in events:
            p.note((event.type, event.object["metadata"]["name"]))
            if event.type == "DELETED":
                return


PLAYS: list[Play] = [
    creates_and_repeats,
    collides_unforced,
    names_the_wrong_uid,
    names_an_old_version,
    drops_a_field_nobody_else_owns,
    hands_replicas_over,
    marks_with_an_annotation,
    removes_what_it_applied_before,
    cannot_remove_what_others_added,
    deletes_only_the_very_object,
    freezes_a_revision,
    reports_a_status,
    creates_twice,
    lists_and_watches,
]


@pytest.mark.parametrize("play", PLAYS, ids=lambda play: play.__name__)
async def test_the_fake_api_server_answers_like_the_real_one(stage: Stage, play: Play) -> None:
    """Hundreds of tests trust the fake; where it lies, they prove nothing."""
    fake = Player(FakeKube(World()), stage.namespace)
    access = await Access.load(str(stage.server.kubeconfig))
    async with access.session(lambda *_: None) as session:
        real = Player(RestClient(session, access.server), stage.namespace)
        await play(real)
    await play(fake)
    assert fake.notes == real.notes
