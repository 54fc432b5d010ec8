from collections.abc import Callable

import pytest

from builders import Builder, modeldeployment
from fake_kube import Call
from shell_bench import IMAGE, KEY, READY, Bench
from slipway_operator.api.types import Key
from slipway_operator.kube import errors
from slipway_operator.reconciler import RECHECK_SECONDS
from world import ApiError, World
from world_fields import Object

OTHER = Key("models", "wine")
SCALE = {"spec": {"replicas": 3}}


def scaled() -> Builder:
    """A model with an autoscaler."""
    return modeldeployment().hpa().predictor(resources={"requests": {"cpu": "500m"}})


@pytest.fixture
def bench() -> Bench:
    """An operator on an empty cluster."""
    return Bench()


def refusing(kind: str, error: errors.KubeError) -> Callable[[Call], errors.KubeError | None]:
    """A server that refuses every write of one kind."""
    return lambda call: error if call.writes and call.kind == kind else None


async def test_a_declared_model_comes_to_serve(bench: Bench) -> None:
    """The whole line once, from an applied manifest to Ready."""
    bench.declare()
    await bench.settle()
    assert bench.conditions() == READY
    assert bench.md()["status"]["observedGeneration"] == 1
    (deployment,) = bench.world.list("Deployment")
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == IMAGE
    assert bench.world.get("Service", "models", "iris")


async def test_a_look_at_rest_writes_nothing(bench: Bench) -> None:
    """Ten thousand objects at rest must cost the API server nothing."""
    bench.declare()
    await bench.settle()
    for operator in (bench, bench.reborn()):
        operator.kube.calls.clear()
        again_after = await operator.look()
        assert operator.kube.writes == []
        assert again_after is not None
        assert RECHECK_SECONDS[0] <= again_after <= RECHECK_SECONDS[1]


async def test_a_look_writes_the_status_at_most_once(bench: Bench) -> None:
    """Every status write wakes every watcher of the object."""
    bench.declare()
    for _ in range(10):
        bench.kube.calls.clear()
        await bench.look()
        assert [call.subresource for call in bench.kube.writes].count("status") <= 1
        bench.cluster.step()


async def test_the_operator_does_not_need_to_see_its_own_writes_come_back(bench: Bench) -> None:
    """Watches lag. Acting on a view older than one's own writes is how children get made twice."""
    bench.declare()
    bench.blind = True
    await bench.settle()
    made = [call for call in bench.kube.writes if call.verb == "apply" and call.subresource != "status"]
    assert len(made) == len(set(made))


async def test_a_deleted_object_is_left_to_garbage_collection(bench: Bench) -> None:
    """An old event of it must not bring its children back, for ever."""
    bench.declare()
    await bench.settle()
    bench.world.delete("ModelDeployment", *KEY)
    bench.kube.calls.clear()
    assert await bench.look() is None
    assert bench.kube.writes == []
    assert bench.states.shown == {}
    bench.cluster.settle()
    assert bench.children() == {}


async def test_an_object_that_is_being_deleted_is_not_worked_on(bench: Bench) -> None:
    """Somebody's finalizer may hold it for an hour; new children would only be in the way."""
    bench.declare()
    bench.world.objects["ModelDeployment", *KEY]["metadata"]["deletionTimestamp"] = "2026-11-21T10:00:00Z"
    assert await bench.look() is None
    assert bench.kube.writes == []


async def test_an_invalid_spec_is_told_and_what_serves_goes_on(bench: Bench) -> None:
    """A typo in Git must not take production down, and must be found in `kubectl get`."""
    bench.declare()
    await bench.settle()
    before = bench.children()
    bench.declare(modeldeployment().graph(modelUri="gopher://models/iris"))
    await bench.settle()
    assert bench.conditions() == {
        "Ready": ("False", "InvalidSpec"),
        "Available": ("True", "Serving"),
        "Stalled": ("True", "InvalidSpec"),
    }
    assert bench.md()["status"]["observedGeneration"] == 2
    assert "modelUri" in bench.message("Stalled")
    assert "InvalidSpec" in bench.events()
    after = bench.children()
    assert {n: v for n, v in after.items() if n != "ModelDeployment iris"} == {
        n: v for n, v in before.items() if n != "ModelDeployment iris"
    }


async def test_a_repaired_spec_clears_the_complaint(bench: Bench) -> None:
    """Conditions describe now, not the past."""
    bench.declare(modeldeployment().graph(modelUri="gopher://models/iris"))
    await bench.settle()
    bench.declare()
    await bench.settle()
    assert bench.conditions() == READY


async def test_a_strangers_service_is_left_alone_and_named(bench: Bench) -> None:
    """`kubectl get` says who has the name; the stranger's object keeps every byte."""
    stranger = bench.world.create(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"namespace": "models", "name": "iris"},
            "spec": {"selector": {"app": "theirs"}, "ports": [{"port": 80}]},
        }
    )
    bench.declare()
    await bench.settle()
    assert bench.world.get("Service", "models", "iris") == stranger
    assert bench.conditions()["Stalled"] == ("True", "NameConflict")
    assert "Service models/iris" in bench.message("Stalled")
    assert "NameConflict" in bench.events()
    bench.world.delete("Service", "models", "iris")
    await bench.settle()
    assert bench.conditions() == READY


async def test_a_blocked_object_goes_to_the_queue_with_a_slow_retry(bench: Bench) -> None:
    """The error passes through, so that the queue chooses the back-off of its class."""
    bench.declare()
    bench.kube.before = refusing("Deployment", errors.Forbidden("deployments.apps is forbidden", code=403))
    error = await bench.try_look()
    assert isinstance(error, errors.Forbidden)
    assert bench.conditions()["Stalled"] == ("True", "WriteRefused")
    assert "RBAC" in bench.message("Stalled")
    assert bench.states.shown == {KEY: "stalled"}


@pytest.mark.parametrize(
    ("error", "condition", "reason"),
    [
        (errors.QuotaExceeded("exceeded quota: small", code=403), "Reconciling", "QuotaExceeded"),
        (errors.Invalid("spec.template: Required value", code=422), "Stalled", "WriteRefused"),
        (errors.Unavailable("failed calling webhook", code=500), "Reconciling", "WriteRefused"),
    ],
)
async def test_a_refused_write_is_told_in_the_servers_words(
    bench: Bench, error: errors.KubeError, condition: str, reason: str
) -> None:
    """The one who can repair it must not need the operator's log."""
    bench.declare()
    bench.kube.before = refusing("Deployment", error)
    await bench.try_look()
    assert bench.conditions()[condition] == ("True", reason)
    assert str(error) in bench.message(condition)
    bench.kube.before = lambda _: None
    await bench.settle()
    assert bench.conditions() == READY


@pytest.mark.parametrize(
    "error",
    [
        errors.Unavailable("connection refused"),
        errors.Conflict("modified"),
        errors.Throttled("busy", retry_after=3),
        errors.Terminating("namespace is being terminated"),
    ],
)
async def test_what_passes_by_itself_is_not_told(bench: Bench, error: errors.KubeError) -> None:
    """A condition that flaps with every hiccup teaches people to ignore it."""
    bench.declare()
    bench.kube.before = refusing("Deployment", error)
    assert await bench.try_look() is error
    assert bench.conditions() == {}


async def test_the_same_refusal_again_writes_nothing_more(bench: Bench) -> None:
    """A blocked object is at rest too: its status and Event are written once."""
    bench.declare()
    bench.kube.before = refusing("Deployment", errors.Forbidden("no", code=403))
    await bench.try_look()
    bench.kube.calls.clear()
    await bench.try_look()
    assert [call.kind for call in bench.kube.writes] == ["Deployment"]


async def test_a_status_that_cannot_be_written_does_not_hide_the_first_error(bench: Bench) -> None:
    """The queue must act on the cause, not on its report."""
    bench.declare()
    bench.kube.before = lambda call: errors.QuotaExceeded("full") if call.writes else None
    assert str(await bench.try_look()) == "full"


async def test_one_broken_object_does_not_concern_another(bench: Bench) -> None:
    """Whoever owns `wine` must not notice what `iris` is doing."""
    bench.declare(modeldeployment().graph(modelUri="gopher://x"))
    bench.declare(modeldeployment("wine"))
    await bench.settle(KEY)
    await bench.settle(OTHER)
    assert bench.conditions(OTHER) == READY
    assert bench.states.shown == {KEY: "stalled", OTHER: "ready"}


async def test_an_operator_without_its_lease_writes_not_even_a_status(bench: Bench) -> None:
    """Another one may be active: two voices in one status are worse than a late one."""
    bench.declare()
    bench.fenced = True
    assert isinstance(await bench.try_look(), errors.Unavailable)
    assert bench.kube.writes == []


async def test_a_new_object_of_the_same_name_gets_no_status_of_the_old_one(bench: Bench) -> None:
    """Delete and apply within one look: what was seen of the old one is not said of the new one."""
    bench.declare()
    swapped: list[str] = []

    def swap(call: Call) -> errors.KubeError | None:
        if call.subresource == "status" and not swapped:
            swapped.append(bench.world.get("ModelDeployment", *KEY)["metadata"]["uid"])
            bench.world.delete("ModelDeployment", *KEY)
            bench.declare()
        return None

    bench.kube.before = swap
    assert isinstance(await bench.try_look(), errors.Conflict)
    assert "conditions" not in bench.md()["status"]


@pytest.mark.parametrize(("edit", "told"), [("metadata", True), ("spec", False)])
async def test_an_edit_during_the_look_decides_whether_its_report_still_holds(
    bench: Bench, edit: str, *, told: bool
) -> None:
    """Somebody's label changes nothing; a new spec must not get the status of the old one."""
    bench.declare()
    edits = [edit]

    def change(call: Call) -> errors.KubeError | None:
        if call.subresource == "status" and edits:
            changed: Object = {"metadata": {"labels": {"a": "b"}}} if edits.pop() == "metadata" else SCALE
            bench.world.merge_patch("ModelDeployment", *KEY, changed)
        return None

    bench.kube.before = change
    error = await bench.try_look()
    assert (error is None) is told
    assert bool(bench.conditions()) is told


async def test_children_of_a_deleted_namesake_are_waited_for(bench: Bench) -> None:
    """Delete and apply again at once: the old children go first, then the new ones come."""
    bench.declare()
    await bench.settle()
    bench.world.delete("ModelDeployment", *KEY)
    bench.declare()
    await bench.try_look()
    reasons = {reason for _, reason in bench.conditions().values()}
    assert "WaitingForCleanup" in reasons
    await bench.settle()
    assert bench.conditions() == READY


@pytest.mark.parametrize("kind", ["Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget"])
async def test_a_child_that_somebody_deletes_comes_back(bench: Bench, kind: str) -> None:
    """Drift is repaired whatever caused it."""
    bench.declare(scaled().predictor(pdbSpec={"maxUnavailable": 1}))
    await bench.settle()
    (child,) = bench.world.list(kind)
    bench.world.delete(kind, "models", child["metadata"]["name"])
    await bench.settle()
    (again,) = bench.world.list(kind)
    assert again["metadata"]["name"] == child["metadata"]["name"]
    assert again["metadata"]["uid"] != child["metadata"]["uid"]
    assert bench.conditions() == READY


@pytest.mark.parametrize(
    "drift",
    [
        {"spec": {"selector": {"app": "elsewhere"}}},
        {"metadata": {"labels": {"app.kubernetes.io/managed-by": None, "slipway.dev/modeldeployment": None}}},
        {"spec": {"ports": []}},
    ],
    ids=["selector", "labels", "ports"],
)
async def test_a_service_that_somebody_edits_is_put_right(bench: Bench, drift: Object) -> None:
    """Also when the edit removes the very labels by which we find it."""
    bench.declare()
    await bench.settle()
    good = bench.children()["Service iris"]
    bench.world.merge_patch("Service", "models", "iris", drift)
    edited = bench.world.get("Service", "models", "iris")
    if "slipway.dev/modeldeployment" not in edited["metadata"].get("labels", {}):
        bench = bench.reborn()
    await bench.settle()
    now = bench.children()["Service iris"]
    assert now["spec"]["selector"] == good["spec"]["selector"]
    assert now["metadata"]["labels"] == good["metadata"]["labels"]
    assert [port["port"] for port in now["spec"]["ports"]] == [port["port"] for port in good["spec"]["ports"]]


async def test_a_webhook_that_denies_children_is_quoted(bench: Bench) -> None:
    """Policies are somebody else's; their words are the only clue a user has."""

    def deny(_: World, verb: str, obj: Object) -> None:
        if verb == "create" and obj["kind"] == "Service":
            raise ApiError(403, "Forbidden", 'admission webhook "policy.example" denied: no Services here')

    bench.world.admission.append(deny)
    bench.declare()
    await bench.try_look()
    assert "no Services here" in bench.message("Stalled")
