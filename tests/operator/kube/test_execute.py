from typing import Any

import pytest

from fake_kube import Call, FakeKube
from slipway_operator.api.types import Key
from slipway_operator.core.actions import (
    Annotate,
    Create,
    Delete,
    Kind,
    Ref,
    Replace,
    SetReplicas,
    Update,
    Write,
)
from slipway_operator.kube import errors
from slipway_operator.kube.execute import Executor
from slipway_operator.kube.store import Store
from world import World

KEY = Key("models", "iris")
SERVICE = Ref(Kind.SERVICE, "models", "iris")
DEPLOYMENT = Ref(Kind.DEPLOYMENT, "models", "iris-main")
OWNER = "uid-of-iris"
TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "server", "image": "r:1"}]}}


def manifest(ref: Ref, *, owner: str = OWNER, **spec: Any) -> dict[str, Any]:
    """A child as a builder makes it."""
    version = {"Service": "v1", "Deployment": "apps/v1"}[ref.kind]
    reference = {
        "apiVersion": "slipway.dev/v1alpha1",
        "kind": "ModelDeployment",
        "name": "iris",
        "uid": owner,
        "controller": True,
    }
    return {
        "apiVersion": version,
        "kind": str(ref.kind),
        "metadata": {
            "namespace": ref.namespace,
            "name": ref.name,
            "labels": {"slipway.dev/modeldeployment": "iris", "app.kubernetes.io/managed-by": "slipway"},
            "ownerReferences": [reference],
        },
        "spec": spec,
    }


class Bench:
    """An executor on an in-memory cluster."""

    def __init__(self) -> None:
        self.world = World()
        self.kube = FakeKube(self.world)
        self.store = Store(lambda raw: raw)
        self.fenced = False
        self.executor = Executor(self.kube, self.store, self._fence)

    def _fence(self) -> None:
        if self.fenced:
            raise errors.Unavailable("not the holder of the Lease")

    async def run(self, *writes: Write) -> int:
        """Carries out the writes."""
        return await self.executor.run(KEY, writes)

    async def made(self, ref: Ref, **spec: Any) -> dict[str, Any]:
        """A child that exists, as stored."""
        await self.run(Create(ref=ref, manifest=manifest(ref, **spec), owner_uid=OWNER))
        self.kube.calls.clear()
        return self.live(ref)

    def live(self, ref: Ref) -> dict[str, Any]:
        """What the cluster has."""
        return self.world.get(ref.kind, ref.namespace, ref.name)

    def known(self, kind: Kind) -> list[dict[str, Any]]:
        """What the store has."""
        return self.store.children(KEY)[kind]


@pytest.fixture
def bench() -> Bench:
    """An empty cluster."""
    return Bench()


async def test_a_create_makes_the_object_and_knows_it_at_once(bench: Bench) -> None:
    """The next look must see its own write without waiting for a watch."""
    create = Create(ref=SERVICE, manifest=manifest(SERVICE, ports=[]), owner_uid=OWNER)
    assert await bench.run(create) == 1
    assert bench.known(Kind.SERVICE)[0]["metadata"]["uid"] == bench.live(SERVICE)["metadata"]["uid"]


async def test_a_strangers_object_is_left_byte_identical(bench: Bench) -> None:
    """A user's own Service of that name may carry production traffic."""
    stranger = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"namespace": "models", "name": "iris"},
        "spec": {"selector": {"app": "theirs"}},
    }
    before = bench.world.create(stranger)
    with pytest.raises(errors.NameConflict, match="Service models/iris is not this ModelDeployment's"):
        await bench.run(Create(ref=SERVICE, manifest=manifest(SERVICE), owner_uid=OWNER))
    assert bench.live(SERVICE) == before
    assert bench.kube.writes == []


async def test_another_controllers_object_is_named_in_the_conflict(bench: Bench) -> None:
    """The user must learn whose it is to decide who has to move."""
    theirs = manifest(SERVICE)
    theirs["metadata"]["ownerReferences"] = [
        {"apiVersion": "x/v1", "kind": "Gateway", "name": "edge", "uid": "u", "controller": True}
    ]
    bench.world.create(theirs)
    with pytest.raises(errors.NameConflict, match="belongs to Gateway edge"):
        await bench.run(Create(ref=SERVICE, manifest=manifest(SERVICE), owner_uid=OWNER))


async def test_a_child_of_a_deleted_namesake_is_waited_for(bench: Bench) -> None:
    """Delete and apply again: garbage collection is on its way, taking the old child over would kill it."""
    bench.world.create(manifest(SERVICE, owner="uid-of-the-iris-before"))
    with pytest.raises(errors.WaitingForCleanup, match="waiting for garbage collection"):
        await bench.run(Create(ref=SERVICE, manifest=manifest(SERVICE), owner_uid=OWNER))
    assert bench.kube.writes == []


async def test_a_create_whose_answer_was_lost_is_found_again_and_not_repeated(bench: Bench) -> None:
    """Already there is a success only if it is ours; the next look compares what it really has."""
    bench.kube.after = lambda call: errors.Unavailable("lost") if call.writes else None
    create = Create(ref=SERVICE, manifest=manifest(SERVICE), owner_uid=OWNER)
    with pytest.raises(errors.Unavailable):
        await bench.run(create)
    bench.kube.after = lambda _: None
    assert bench.known(Kind.SERVICE) == []
    with pytest.raises(errors.AlreadyExists):
        await bench.run(create)
    assert len(bench.known(Kind.SERVICE)) == 1
    assert len(bench.kube.writes) == 1


async def test_a_child_of_ours_that_lost_its_labels_is_known_again(bench: Bench) -> None:
    """The watch cannot see it any more; without this its repair would never be planned."""
    await bench.made(SERVICE)
    bench.world.merge_patch("Service", "models", "iris", {"metadata": {"labels": None}})
    bench.store.remove(Kind.SERVICE, bench.live(SERVICE))
    with pytest.raises(errors.AlreadyExists):
        await bench.run(Create(ref=SERVICE, manifest=manifest(SERVICE), owner_uid=OWNER))
    assert len(bench.known(Kind.SERVICE)) == 1


async def test_an_update_is_of_that_very_object(bench: Bench) -> None:
    """If a stranger took the name in the meantime, the uid makes the server refuse."""
    live = await bench.made(SERVICE, selector={"track": "a"})
    update = Update(
        ref=SERVICE, manifest=manifest(SERVICE, selector={"track": "b"}), uid=live["metadata"]["uid"]
    )
    await bench.run(update)
    assert bench.live(SERVICE)["spec"]["selector"] == {"track": "b"}
    bench.world.delete("Service", "models", "iris")
    bench.world.create(manifest(SERVICE, owner="other"))
    before = bench.live(SERVICE)
    with pytest.raises(errors.Conflict):
        await bench.run(update)
    assert bench.live(SERVICE) == before


async def test_replicas_are_written_by_a_manager_of_their_own(bench: Bench) -> None:
    """So that leaving the field out of the main apply later does not reset it to one."""
    live = (await bench.made(DEPLOYMENT, replicas=2, template=TEMPLATE))["metadata"]
    await bench.run(
        SetReplicas(ref=DEPLOYMENT, replicas=5, uid=live["uid"], resource_version=live["resourceVersion"])
    )
    now = bench.live(DEPLOYMENT)
    assert now["spec"]["replicas"] == 5
    assert "slipway-replicas" in {entry["manager"] for entry in now["metadata"]["managedFields"]}


async def test_replicas_are_not_written_over_somebody_who_was_faster(bench: Bench) -> None:
    """An HPA that scaled up between our look and our write must win."""
    live = (await bench.made(DEPLOYMENT, replicas=2, template=TEMPLATE))["metadata"]
    bench.world.scale("Deployment", "models", "iris-main", 9)
    with pytest.raises(errors.Conflict):
        await bench.run(
            SetReplicas(ref=DEPLOYMENT, replicas=5, uid=live["uid"], resource_version=live["resourceVersion"])
        )
    assert bench.live(DEPLOYMENT)["spec"]["replicas"] == 9


async def test_a_template_is_put_back_whole(bench: Bench) -> None:
    """`kubectl set env` on a child survives an apply; what we froze is what must run."""
    await bench.made(DEPLOYMENT, template=TEMPLATE)
    bench.world.merge_patch(
        "Deployment", "models", "iris-main", {"spec": {"template": {"spec": {"hostNetwork": True}}}}
    )
    live = bench.live(DEPLOYMENT)["metadata"]
    await bench.run(
        Replace(
            ref=DEPLOYMENT,
            path="/spec/template",
            value=TEMPLATE,
            uid=live["uid"],
            resource_version=live["resourceVersion"],
        )
    )
    assert "hostNetwork" not in bench.live(DEPLOYMENT)["spec"]["template"]["spec"]


async def test_a_template_is_not_put_back_over_a_newer_object(bench: Bench) -> None:
    """The replacement was planned from a view; if that is old, look again."""
    live = (await bench.made(DEPLOYMENT, template=TEMPLATE))["metadata"]
    bench.world.scale("Deployment", "models", "iris-main", 9)
    write = Replace(
        ref=DEPLOYMENT,
        path="/spec/template",
        value=TEMPLATE,
        uid=live["uid"],
        resource_version=live["resourceVersion"],
    )
    with pytest.raises(errors.Conflict):
        await bench.run(write)


async def test_an_annotation_leaves_everything_else_alone(bench: Bench) -> None:
    """A mark is a mark: it must not take over the object's other fields."""
    live = await bench.made(SERVICE, selector={"track": "a"})
    mark = Annotate(
        ref=SERVICE, annotations={"slipway.dev/promoted": "1"}, uid=live["metadata"]["uid"], manager="marks"
    )
    await bench.run(mark)
    now = bench.live(SERVICE)
    assert now["metadata"]["annotations"] == {"slipway.dev/promoted": "1"}
    assert now["spec"] == live["spec"]


async def test_a_deleted_child_is_forgotten_at_once(bench: Bench) -> None:
    """The next look must not plan with what it just removed."""
    live = await bench.made(SERVICE)
    await bench.run(Delete(ref=SERVICE, uid=live["metadata"]["uid"]))
    assert bench.world.find("Service", "models", "iris") is None
    assert bench.known(Kind.SERVICE) == []


async def test_deleting_what_is_gone_already_is_a_success(bench: Bench) -> None:
    """Garbage collection, or a person, was faster."""
    live = await bench.made(SERVICE)
    bench.world.delete("Service", "models", "iris")
    assert await bench.run(Delete(ref=SERVICE, uid=live["metadata"]["uid"])) == 1
    assert bench.known(Kind.SERVICE) == []


async def test_a_deletion_never_hits_a_new_object_of_that_name(bench: Bench) -> None:
    """Deleting by name alone has destroyed people's objects in other operators."""
    live = await bench.made(SERVICE)
    bench.world.delete("Service", "models", "iris")
    bench.world.create(manifest(SERVICE, owner="other"))
    with pytest.raises(errors.Conflict):
        await bench.run(Delete(ref=SERVICE, uid=live["metadata"]["uid"]))
    assert bench.live(SERVICE)


async def test_the_first_error_ends_the_plan(bench: Bench) -> None:
    """Prefixes are safe, gaps are not: switching a Service after its Deployment failed drops traffic."""

    def refuse(call: Call) -> errors.KubeError | None:
        return errors.QuotaExceeded("no room") if call.writes and call.kind == "Deployment" else None

    bench.kube.before = refuse
    with pytest.raises(errors.QuotaExceeded):
        await bench.run(
            Create(ref=DEPLOYMENT, manifest=manifest(DEPLOYMENT), owner_uid=OWNER),
            Create(ref=SERVICE, manifest=manifest(SERVICE), owner_uid=OWNER),
        )
    assert bench.world.find("Service", "models", "iris") is None


async def test_nothing_is_written_behind_the_fence(bench: Bench) -> None:
    """An operator that lost its Lease while it was frozen must not get a single write through."""
    bench.fenced = True
    with pytest.raises(errors.Unavailable):
        await bench.run(Create(ref=SERVICE, manifest=manifest(SERVICE), owner_uid=OWNER))
    assert bench.kube.calls == []
