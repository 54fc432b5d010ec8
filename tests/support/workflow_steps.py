"""What users, strangers and fate do in a workflow, and what is asserted on the way."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from builders import NAMESPACE
from simulator import CHILDREN, Scene
from world_pods import Outcome

BAD: Final = "s3://models/iris/bad"
Change = Callable[[Scene], object]


def user(change: Callable[[Any], object]) -> Change:
    """The user edits the ModelDeployment and applies it."""
    return lambda scene: scene.apply(change)


def model(name: str) -> Change:
    """The user asks for another model."""
    return user(lambda md: md.model(f"s3://models/iris/{name}"))


def resized(replicas: int | None) -> Change:
    """The user asks for another size."""
    return user(lambda md: md.replicas(replicas))


def later(seconds: float) -> Change:
    """Time passes."""
    return lambda scene: scene.world.advance(seconds)


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


def server_of(child: Any) -> Any:
    """The server container of a Deployment."""
    return child["spec"]["template"]["spec"]["containers"][0]


def edited(kind: str, change: Callable[[Any], object]) -> Change:
    """Somebody edits a child by hand, as a step."""
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


def is_now(found: object, wanted: object) -> None:
    """Asserts a value."""
    assert found == wanted, found
