"""What users, strangers and fate do to a blue-green ModelDeployment, and what is asserted on the way."""

from __future__ import annotations

from typing import Any, Final

from builders import NAMESPACE
from simulator import Scene
from workflow_steps import BAD, Change, autoscaled, says, two, user
from world import ApiError, World, matches
from world_pods import Outcome

WAITING: Final = says(
    Ready="False AwaitingPromotion", Available="True Serving", Reconciling="True AwaitingPromotion"
)
ABORTED: Final = says(Ready="False Aborted", Available="True Serving", Stalled="True Aborted")
SERVING: Final = says(Ready="True Serving", Available="True Serving")
PAUSED: Final = says(Ready="False Paused", Available="True Serving", Reconciling="True Paused")
MOST_SETS: Final = 4
"""The active one, the new one, one that the preview shows meanwhile, one that is on its way out."""
CPU: Final = {"resources": {"requests": {"cpu": "100m"}}}


def strategy(to: str | None = "BlueGreen", **fields: Any) -> Change:
    """The user chooses the strategy, with these fields of blueGreen; None is a rolling update."""
    chosen = {"type": to} | ({"blueGreen": fields} if fields else {})
    return user(lambda md: md.spec(strategy=chosen if to else None))


def blue_green(scene: Scene) -> None:
    """Two replicas, promoted by themselves."""
    scene.builder.replicas(2)
    strategy()(scene)


def gated(scene: Scene) -> None:
    """Two replicas, promoted by name."""
    scene.builder.replicas(2)
    strategy(autoPromotionEnabled=False)(scene)


def gated_cpu(scene: Scene) -> None:
    """The same, with a request that an autoscaler can measure."""
    scene.builder.predictor(**CPU)
    gated(scene)


def gated_autoscaled(scene: Scene) -> None:
    """Promoted by name, with an autoscaler that has grown to four."""
    scene.builder.spec(strategy={"type": "BlueGreen", "blueGreen": {"autoPromotionEnabled": False}})
    autoscaled(scene)


def small_preview(scene: Scene) -> None:
    """Three replicas, one of them for the preview."""
    scene.builder.replicas(3)
    strategy(autoPromotionEnabled=False, previewReplicaCount=1)(scene)


def desired(scene: Scene) -> str:
    """The revision that the spec asks for, as the status names it."""
    md = scene.world.get("ModelDeployment", NAMESPACE, "iris")
    return str(md["status"]["predictors"][0]["desiredRevision"])


def verb(name: str) -> Change:
    """The user names the desired revision in `spec.rollout`."""
    return lambda scene: scene.apply(lambda md: md.spec(rollout={name: desired(scene)}))


promoted: Final = verb("promote")


def annotated(name: str, value: str | None = None) -> Change:
    """Somebody puts a verb on the object as an annotation, for the desired revision."""

    def change(scene: Scene) -> None:
        marks = {f"slipway.dev/{name}": desired(scene) if value is None else value}
        scene.world.merge_patch("ModelDeployment", NAMESPACE, "iris", {"metadata": {"annotations": marks}})

    return change


def renamed(name: str) -> Change:
    """The user renames the predictor."""
    return user(lambda md: md.predictor(name=name))


def broken(scene: Scene) -> None:
    """The bad model cannot be pulled."""
    scene.cluster.outcomes[BAD] = Outcome(state="pull-failed", reason="Timeout", message="no answer")


def died(name: str) -> Change:
    """The pods of a model crash, and go on crashing."""

    def change(scene: Scene) -> None:
        scene.cluster.outcomes[f"s3://models/iris/{name}"] = Outcome(state="crashing")
        scene.cluster.step()

    return change


def flips(scene: Scene) -> None:
    """The spec changes every second, three times round seven models: what is not wanted does not pile up."""
    for second in range(21):
        scene.apply(lambda md, n=second % 7: md.model(f"s3://models/iris/{n}"))  # type: ignore[misc] # the default binds the loop's value
        scene.operator.look()
        scene.cluster.step()
        scene.world.advance(1)
        assert not scene.violation()
        assert len(scene.world.list("Deployment", NAMESPACE)) <= MOST_SETS


def first_bad(scene: Scene) -> None:
    """The very first model cannot be pulled; later ones would be promoted by name."""
    broken(scene)
    scene.builder.model(BAD)
    gated(scene)


def half_renamed(scene: Scene) -> None:
    """A rolling update to a renamed predictor with a bad model has begun."""
    broken(scene)
    two(scene)
    scene.settle()
    scene.apply(lambda md: md.model(BAD).predictor(name="second"))


def quota(pods: int) -> Change:
    """No more pods than this may be made from now on."""

    def check(world: World, verb: str, obj: Any) -> None:
        there = len(world.peek("Pod", NAMESPACE))
        if verb == "create" and obj["kind"] == "Pod" and there >= pods:
            raise ApiError(403, "Forbidden", "pods is forbidden: exceeded quota: models")

    def change(scene: Scene) -> None:
        scene.world.admission = [check]

    return change


def models(scene: Scene, service: str) -> set[str]:
    """The models behind a Service, by what it selects now."""
    selector = scene.world.get("Service", NAMESPACE, service)["spec"]["selector"]
    return {
        pod["spec"]["initContainers"][0]["args"][1].rpartition("/")[2]
        for pod in scene.world.peek("Pod", NAMESPACE)
        if matches(pod["metadata"]["labels"], selector)
    }


def active(name: str, *, empty: bool = False) -> Change:
    """Asserts which model has the traffic, by selector and by status."""

    def check(scene: Scene) -> None:
        found = models(scene, "iris")
        assert found == (set() if empty else {name}), found
        shown = scene.world.get("ModelDeployment", NAMESPACE, "iris")["status"]["predictors"][0]
        if not empty:
            assert shown["model"]["uri"].endswith(f"/{name}"), shown

    return check


def preview_of(scene: Scene) -> str:
    """The preview Service's name."""
    (found,) = [
        name
        for _, _, name in scene.world.objects
        if name.startswith("iris-") and "-preview-" in name and not name.endswith("-slice")
    ]
    return found


def shows(name: str) -> Change:
    """Asserts which model the preview's address reaches."""

    def check(scene: Scene) -> None:
        found = models(scene, preview_of(scene))
        assert found == {name}, found
        shown = scene.world.get("ModelDeployment", NAMESPACE, "iris")["status"]["predictors"][0]
        apart = found != models(scene, "iris")
        assert ("previewUrl" in shown) == ("previewRevision" in shown) == apart, shown

    return check


def preview_service_deleted(scene: Scene) -> None:
    """Somebody deletes the preview Service."""
    scene.world.delete("Service", NAMESPACE, preview_of(scene))


def set_of(scene: Scene, name: str) -> Any:
    """The Deployment of a model."""
    (found,) = [
        one
        for one in scene.world.list("Deployment", NAMESPACE)
        if one["spec"]["template"]["spec"]["initContainers"][0]["args"][1].endswith(f"/{name}")
    ]
    return found


def delete_set(name: str, scene: Scene) -> None:
    """Somebody deletes the Deployment of a model, and its pods go."""
    scene.world.delete("Deployment", NAMESPACE, set_of(scene, name)["metadata"]["name"])
    scene.cluster.step()


def tampered(scene: Scene) -> None:
    """Somebody points the active Service at the preview."""
    service = scene.world.get("Service", NAMESPACE, "iris")
    service["spec"]["selector"]["slipway.dev/track"] = desired(scene)
    scene.world.put(service, "kubectl-edit")


def aimed_at(name: str) -> Change:
    """Asserts whose Deployment the autoscaler scales."""

    def check(scene: Scene) -> None:
        target = scene.child("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"]
        selector = scene.world.get("Service", NAMESPACE, "iris")["spec"]["selector"]
        chosen = scene.world.get("Deployment", NAMESPACE, target)
        args = chosen["spec"]["template"]["spec"]["initContainers"][0]["args"]
        assert args[1].endswith(f"/{name}"), args
        assert chosen["spec"]["selector"]["matchLabels"] == selector

    return check


def protects(name: str) -> Change:
    """Asserts whose pods the disruption budget protects."""

    def check(scene: Scene) -> None:
        selector = scene.child("PodDisruptionBudget")["spec"]["selector"]["matchLabels"]
        assert selector == set_of(scene, name)["spec"]["selector"]["matchLabels"]

    return check
