"""What can happen to a ModelDeployment, as workflows for the simulator."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from builders import NAMESPACE
from simulator import CHILDREN, Scene, Workflow
from world_pods import Outcome

BAD: Final = "s3://models/iris/bad"
Change = Callable[[Scene], object]


def user(change: Callable[[Any], object]) -> Change:
    """The user edits the ModelDeployment and applies it."""
    return lambda scene: scene.apply(change)


def two(scene: Scene) -> None:
    """Two replicas, settled."""
    scene.apply(lambda md: md.replicas(2))


def autoscaled(scene: Scene) -> None:
    """An autoscaler that has grown to four."""
    scene.apply(lambda md: md.hpa(2, 5).predictor(resources={"requests": {"cpu": "100m"}}))
    scene.settle()
    scene.cluster.wants = {hpa["metadata"]["name"]: 4 for hpa in scene.world.list("HorizontalPodAutoscaler")}


def protected(scene: Scene) -> None:
    """Two replicas with a disruption budget."""
    scene.apply(lambda md: md.replicas(2).predictor(pdbSpec={"maxUnavailable": 1}))


def two_revisions(scene: Scene) -> None:
    """The second model serves; the first is history."""
    two(scene)
    scene.settle()
    scene.apply(lambda md: md.model("s3://models/iris/2"))


def many_revisions(scene: Scene) -> None:
    """Three models in a row, with a short history."""
    for uri in ("s3://models/iris/1", "s3://models/iris/2", "s3://models/iris/3"):
        scene.builder.replicas(1).model(uri)
        scene.apply()
        scene.settle()


def half_rolled(scene: Scene, uri: str = BAD) -> None:
    """An update to a model that cannot be pulled has begun."""
    two(scene)
    scene.settle()
    scene.cluster.outcomes[uri] = Outcome(state="pull-failed", reason="Timeout", message="no answer")
    scene.apply(lambda md: md.model(uri))


def delete_child(kind: str, scene: Scene) -> None:
    """Somebody deletes a child by hand."""
    meta = scene.child(kind)["metadata"]
    scene.world.delete(kind, NAMESPACE, meta["name"])


def delete_live_revision(scene: Scene) -> None:
    """Somebody deletes the ControllerRevision of what serves."""
    live = scene.child("Deployment")["spec"]["template"]["metadata"]["labels"]["slipway.dev/revision"]
    for child in scene.world.list("ControllerRevision", NAMESPACE):
        if child["data"]["revision"] == live:
            scene.world.delete("ControllerRevision", NAMESPACE, child["metadata"]["name"])


def edit(kind: str, change: Callable[[Any], object], scene: Scene) -> None:
    """Somebody edits a child by hand."""
    child = scene.child(kind)
    change(child)
    scene.world.put(child, "kubectl-edit")


def _server(child: Any) -> Any:
    return child["spec"]["template"]["spec"]["containers"][0]


def _edited(kind: str, change: Callable[[Any], object]) -> Change:
    return partial(edit, kind, change)


def has_pods(**wanted: int) -> Change:
    """Asserts the pods, as model and last digit of the image: `has_pods(m1i1=2)`."""

    def check(scene: Scene) -> None:
        found = {f"m{model}i{image}": count for (model, image), count in scene.pods().items()}
        assert found == wanted, found

    return check


def says(**wanted: str) -> Change:
    """Asserts the conditions' status and reason: `says(Ready="False Paused")`."""

    def check(scene: Scene) -> None:
        found = {kind: " ".join(said) for kind, said in scene.conditions().items()}
        assert found == wanted, found

    return check


def counts(kind: str, number: int) -> Change:
    """Asserts how many children of a kind there are."""

    def check(scene: Scene) -> None:
        assert len(scene.world.list(kind, NAMESPACE)) == number, scene.world.list(kind, NAMESPACE)

    return check


def controlled(scene: Scene) -> None:
    """Asserts that every child has its owner, and the index labels."""
    for kind in CHILDREN:
        for child in scene.world.list(kind, NAMESPACE):
            assert child["metadata"]["ownerReferences"][0]["controller"], child
            assert child["metadata"]["labels"]["slipway.dev/modeldeployment"] == "iris", child


def mend(scene: Scene) -> None:
    """The model that could not be pulled is there now."""
    scene.cluster.outcomes[BAD] = Outcome()


def late_supersede(scene: Scene) -> None:
    """A third model is asked for while the second is being rolled out."""
    scene.apply(lambda md: md.model("s3://models/iris/2"))
    scene.operator.look()
    scene.cluster.step()
    scene.apply(lambda md: md.model("s3://models/iris/3"))


def _is(found: object, wanted: object) -> None:
    assert found == wanted, found


CPU: Final = {"resources": {"requests": {"cpu": "100m"}}}
ENV: Final = {"name": "EXTRA", "value": "1"}


def model(name: str) -> Change:
    """The user asks for another model."""
    return user(lambda md: md.model(f"s3://models/iris/{name}"))


def resized(replicas: int | None) -> Change:
    """The user asks for another size."""
    return user(lambda md: md.replicas(replicas))


SIZES: Final = (
    Workflow("create", lambda _: None, [resized(2), has_pods(m1i2=2)]),
    Workflow(
        "create with everything",
        lambda _: None,
        [user(lambda md: md.hpa().predictor(**CPU, pdbSpec={"minAvailable": 1})), has_pods(m1i2=2)],
    ),
    Workflow("scale up", two, [resized(4), has_pods(m1i1=4)], floor=2),
    Workflow("scale down", two, [resized(1), has_pods(m1i1=1)], floor=1),
    Workflow(
        "scale to zero and back",
        two,
        [resized(0), says(Ready="True ScaledToZero", Available="False ScaledToZero"), resized(2)],
    ),
    Workflow("size left to others", two, [resized(None), has_pods(m1i1=2)], floor=2),
    Workflow(
        "size changed by hand",
        two,
        [
            lambda scene: scene.world.scale(
                "Deployment", NAMESPACE, scene.child("Deployment")["metadata"]["name"], 5
            )
        ],
        floor=2,
        ends=has_pods(m1i1=2),
    ),
    Workflow("autoscaler on", two, [user(lambda md: md.hpa(2, 5).predictor(**CPU))], floor=2),
    Workflow(
        "autoscaler off, size said",
        autoscaled,
        [user(lambda md: md.replicas(3).predictor(hpaSpec=None)), has_pods(m1i1=3)],
        floor=3,
    ),
    Workflow(
        "autoscaler off, nothing said",
        autoscaled,
        [user(lambda md: md.predictor(hpaSpec=None)), has_pods(m1i1=4), counts("HorizontalPodAutoscaler", 0)],
        floor=4,
    ),
    Workflow(
        "autoscaler changed",
        autoscaled,
        [user(lambda md: md.hpa(3, 6, behavior={"scaleDown": {"stabilizationWindowSeconds": 60}}))],
        floor=4,
    ),
    Workflow("budget on", two, [user(lambda md: md.predictor(pdbSpec={"maxUnavailable": 1}))], floor=2),
    Workflow(
        "budget changed", protected, [user(lambda md: md.predictor(pdbSpec={"minAvailable": "50%"}))], floor=2
    ),
    Workflow(
        "budget off",
        protected,
        [user(lambda md: md.predictor(pdbSpec=None)), counts("PodDisruptionBudget", 0)],
        floor=2,
    ),
)

UPDATES: Final = (
    Workflow("new model", two, [model("2"), has_pods(m2i2=2)], floor=2),
    Workflow(
        "new model and size",
        two,
        [user(lambda md: md.model("s3://models/iris/2").replicas(3)), has_pods(m2i2=3)],
        floor=2,
    ),
    Workflow("new model, autoscaled", autoscaled, [model("2"), has_pods(m2i2=4)], floor=4),
    Workflow("two models in a row", two, [late_supersede, has_pods(m3i2=2)], floor=2),
    Workflow(
        "other limits",
        two,
        [
            user(lambda md: md.spec(minReadySeconds=1, strategy={"rollingUpdate": {"maxSurge": 1}})),
            has_pods(m1i1=2),
        ],
        floor=2,
    ),
    Workflow(
        "restart", two, [user(lambda md: md.restart_at("2026-11-21T09:00:00Z")), has_pods(m1i2=2)], floor=2
    ),
    Workflow(
        "paused over an update",
        two,
        [
            user(lambda md: md.spec(paused=True)),
            says(Ready="True Serving", Available="True Serving"),
            user(lambda md: md.model("s3://models/iris/2").replicas(3)),
            says(Ready="False Paused", Available="True Serving", Reconciling="True Paused"),
            has_pods(m1i1=3),
            user(lambda md: md.spec(paused=None)),
            has_pods(m2i2=3),
        ],
        floor=2,
    ),
    Workflow(
        "paused in mid-update",
        half_rolled,
        [
            user(lambda md: md.spec(paused=True)),
            mend,
            says(Ready="False Paused", Available="True Serving", Reconciling="True Paused"),
            has_pods(m1i1=2, mbadi1=1),
            user(lambda md: md.spec(paused=None)),
            has_pods(mbadi1=2),
        ],
        floor=2,
    ),
    Workflow(
        "paused, and the Deployment deleted",
        two,
        [
            user(lambda md: md.spec(paused=True).model("s3://models/iris/2")),
            partial(delete_child, "Deployment"),
            has_pods(m1i1=2),
        ],
        ends=says(Ready="False Paused", Available="True Serving", Reconciling="True Paused"),
    ),
    Workflow(
        "rollback", two_revisions, [model("1"), has_pods(m1i1=2), counts("ControllerRevision", 2)], floor=2
    ),
    Workflow("update given up", half_rolled, [model("1"), has_pods(m1i1=2)], floor=2),
    Workflow("bad model, mended", half_rolled, [mend, has_pods(mbadi1=2)], floor=2),
    Workflow(
        "history pruned",
        many_revisions,
        [user(lambda md: md.spec(revisionHistoryLimit=1)), counts("ControllerRevision", 2)],
        floor=1,
    ),
    Workflow(
        "history pruned by an update",
        many_revisions,
        [
            user(lambda md: md.spec(revisionHistoryLimit=0).model("s3://models/iris/9")),
            counts("ControllerRevision", 1),
        ],
        floor=1,
    ),
    Workflow(
        "predictor renamed", two, [user(lambda md: md.predictor(name="second")), has_pods(m1i2=2)], floor=2
    ),
    Workflow(
        "predictor renamed, autoscaled",
        autoscaled,
        [
            user(lambda md: md.predictor(name="second")),
            counts("HorizontalPodAutoscaler", 1),
            has_pods(m1i2=4),
        ],
        floor=4,
    ),
    Workflow(
        "predictor renamed and back",
        two,
        [
            user(lambda md: md.predictor(name="second")),
            user(lambda md: md.predictor(name="main")),
            has_pods(m1i1=2),
        ],
        floor=2,
    ),
    Workflow(
        "predictor renamed to a bad model",
        two,
        [
            lambda scene: scene.cluster.outcomes.update(
                {BAD: Outcome(state="load-failed", reason="Timeout", message="x")}
            ),
            user(lambda md: md.model(BAD).predictor(name="second")),
            has_pods(m1i1=2, mbadi2=2),
            user(lambda md: md.model("s3://models/iris/1").predictor(name="main")),
            has_pods(m1i1=2),
        ],
        floor=2,
    ),
)

DRIFT: Final = (
    Workflow("Deployment deleted", two, [partial(delete_child, "Deployment"), has_pods(m1i1=2)]),
    Workflow("Service deleted", two, [partial(delete_child, "Service")]),
    Workflow("autoscaler deleted", autoscaled, [partial(delete_child, "HorizontalPodAutoscaler")], floor=4),
    Workflow("budget deleted", protected, [partial(delete_child, "PodDisruptionBudget")], floor=2),
    Workflow(
        "live revision deleted",
        two_revisions,
        [delete_live_revision, has_pods(m2i1=2), counts("ControllerRevision", 2)],
        floor=2,
    ),
    Workflow(
        "live revision deleted while rolling back",
        two_revisions,
        [
            delete_live_revision,
            model("1"),
            has_pods(m1i1=2),
            model("2"),
            has_pods(m2i1=2),
        ],
        floor=2,
    ),
    Workflow(
        "variable added by hand",
        two,
        [_edited("Deployment", lambda child: _server(child)["env"].append(ENV)), has_pods(m1i1=2)],
        floor=2,
    ),
    Workflow(
        "image changed by hand",
        two,
        [_edited("Deployment", lambda child: _server(child).update(image="other:9")), has_pods(m1i1=2)],
        floor=2,
    ),
    Workflow(
        "variable added, then a new model",
        two,
        [
            _edited(
                "Deployment",
                lambda child: (_server(child)["env"].append(ENV), _server(child).update(image="x:9")),
            ),
            model("2"),
            has_pods(m2i2=2),
        ],
        floor=2,
    ),
    Workflow(
        "owner reference removed",
        two,
        [_edited("Deployment", lambda child: child["metadata"].pop("ownerReferences")), controlled],
        floor=2,
    ),
    Workflow(
        "Service pointed elsewhere",
        two,
        [
            _edited(
                "Service", lambda child: child["spec"]["selector"].update({"slipway.dev/track": "nowhere"})
            )
        ],
    ),
    Workflow(
        "Service narrowed",
        two,
        [_edited("Service", lambda child: child["spec"]["selector"].update({"tier": "gold"}))],
    ),
    Workflow(
        "Service opened to the outside",
        two,
        [
            _edited("Service", lambda child: child["spec"].update(type="LoadBalancer")),
            lambda scene: _is(scene.child("Service")["spec"]["type"], "ClusterIP"),
        ],
        floor=2,
    ),
    Workflow(
        "label of a revision removed",
        two,
        [
            _edited(
                "ControllerRevision", lambda child: child["metadata"]["labels"].pop("slipway.dev/revision")
            )
        ],
        floor=2,
    ),
    Workflow(
        "limits changed by hand",
        two,
        [
            _edited(
                "Deployment",
                lambda child: child["spec"]["strategy"]["rollingUpdate"].update(maxUnavailable="100%"),
            ),
            lambda scene: _is(
                scene.child("Deployment")["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"], 0
            ),
        ],
        floor=2,
    ),
    Workflow(
        "Deployment paused by hand",
        two,
        [
            _edited("Deployment", lambda child: child["spec"].update(paused=True)),
            model("2"),
            has_pods(m2i2=2),
        ],
        floor=2,
    ),
)

WORKFLOWS: Final = (*SIZES, *UPDATES, *DRIFT)
