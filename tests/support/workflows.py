"""What can happen to a ModelDeployment, as workflows for the simulator."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from builders import NAMESPACE
from simulator import Scene, Workflow
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


def mend(scene: Scene) -> None:
    """The model that could not be pulled is there now."""
    scene.cluster.outcomes[BAD] = Outcome()


def late_supersede(scene: Scene) -> None:
    """A third model is asked for while the second is being rolled out."""
    scene.apply(lambda md: md.model("s3://models/iris/2"))
    scene.operator.look()
    scene.cluster.step()
    scene.apply(lambda md: md.model("s3://models/iris/3"))


CPU: Final = {"resources": {"requests": {"cpu": "100m"}}}
ENV: Final = {"name": "EXTRA", "value": "1"}

WORKFLOWS: Final = (
    Workflow("create", lambda _: None, [user(lambda md: md.replicas(2))]),
    Workflow(
        "create with everything",
        lambda _: None,
        [user(lambda md: md.hpa().predictor(**CPU, pdbSpec={"minAvailable": 1}))],
    ),
    Workflow("scale up", two, [user(lambda md: md.replicas(4))], floor=2),
    Workflow("scale down", two, [user(lambda md: md.replicas(1))], floor=1),
    Workflow(
        "scale to zero and back", two, [user(lambda md: md.replicas(0)), user(lambda md: md.replicas(2))]
    ),
    Workflow("size left to others", two, [user(lambda md: md.replicas(None))], floor=2),
    Workflow("new model", two, [user(lambda md: md.model("s3://models/iris/2"))], floor=2),
    Workflow(
        "new model and size", two, [user(lambda md: md.model("s3://models/iris/2").replicas(3))], floor=2
    ),
    Workflow("new model, autoscaled", autoscaled, [user(lambda md: md.model("s3://models/iris/2"))], floor=4),
    Workflow("two models in a row", two, [late_supersede], floor=2),
    Workflow(
        "other limits",
        two,
        [user(lambda md: md.spec(minReadySeconds=1, strategy={"rollingUpdate": {"maxSurge": 1}}))],
        floor=2,
    ),
    Workflow("restart", two, [user(lambda md: md.restart_at("2026-11-21T09:00:00Z"))], floor=2),
    Workflow("autoscaler on", two, [user(lambda md: md.hpa(2, 5).predictor(**CPU))], floor=2),
    Workflow(
        "autoscaler off, size said",
        autoscaled,
        [user(lambda md: md.replicas(3).predictor(hpaSpec=None))],
        floor=3,
    ),
    Workflow(
        "autoscaler off, nothing said", autoscaled, [user(lambda md: md.predictor(hpaSpec=None))], floor=4
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
    Workflow("budget off", protected, [user(lambda md: md.predictor(pdbSpec=None))], floor=2),
    Workflow(
        "paused over an update",
        two,
        [
            user(lambda md: md.spec(paused=True)),
            user(lambda md: md.model("s3://models/iris/2").replicas(3)),
            user(lambda md: md.spec(paused=None)),
        ],
        floor=2,
    ),
    Workflow("rollback", two_revisions, [user(lambda md: md.model("s3://models/iris/1"))], floor=2),
    Workflow("update given up", half_rolled, [user(lambda md: md.model("s3://models/iris/1"))], floor=2),
    Workflow("bad model, mended", half_rolled, [mend], floor=2),
    Workflow("history pruned", many_revisions, [user(lambda md: md.spec(revisionHistoryLimit=1))], floor=1),
    Workflow(
        "history pruned by an update",
        many_revisions,
        [user(lambda md: md.spec(revisionHistoryLimit=0).model("s3://models/iris/9"))],
        floor=1,
    ),
    Workflow("predictor renamed", two, [user(lambda md: md.predictor(name="second"))], floor=2),
    Workflow(
        "predictor renamed, autoscaled", autoscaled, [user(lambda md: md.predictor(name="second"))], floor=4
    ),
    Workflow(
        "predictor renamed and back",
        two,
        [user(lambda md: md.predictor(name="second")), user(lambda md: md.predictor(name="main"))],
        floor=2,
    ),
    Workflow("Deployment deleted", two, [partial(delete_child, "Deployment")]),
    Workflow("Service deleted", two, [partial(delete_child, "Service")]),
    Workflow("autoscaler deleted", autoscaled, [partial(delete_child, "HorizontalPodAutoscaler")], floor=4),
    Workflow("budget deleted", protected, [partial(delete_child, "PodDisruptionBudget")], floor=2),
    Workflow("live revision deleted", two_revisions, [delete_live_revision], floor=2),
    Workflow(
        "size changed by hand",
        two,
        [
            lambda scene: scene.world.scale(
                "Deployment", NAMESPACE, scene.child("Deployment")["metadata"]["name"], 5
            )
        ],
        floor=2,
    ),
    Workflow(
        "variable added by hand",
        two,
        [_edited("Deployment", lambda child: _server(child)["env"].append(ENV))],
        floor=2,
    ),
    Workflow(
        "image changed by hand",
        two,
        [_edited("Deployment", lambda child: _server(child).update(image="other:1"))],
        floor=2,
    ),
    Workflow(
        "variable added, then a new model",
        two,
        [
            _edited(
                "Deployment",
                lambda child: (_server(child)["env"].append(ENV), _server(child).update(image="other:1")),
            ),
            user(lambda md: md.model("s3://models/iris/2")),
        ],
        floor=2,
    ),
    Workflow(
        "owner reference removed",
        two,
        [_edited("Deployment", lambda child: child["metadata"].pop("ownerReferences"))],
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
        "label of a revision changed",
        two,
        [
            _edited(
                "ControllerRevision", lambda child: child["metadata"]["labels"].pop("slipway.dev/revision")
            )
        ],
        floor=2,
    ),
)
