"""Sizes change at once, by hand and by an autoscaler, and never restart a pod."""

from __future__ import annotations

import time

from figures import Figures
from live_model import LiveModel, has_ready_replicas
from live_world import World
from openloop.session import Rates

RATES = Rates(new=150, keep=150, requests=1_000, seconds=240)
REACTS_WITHIN = 120.0
CPU = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}
HPA = {
    "minReplicas": 1,
    "maxReplicas": 3,
    "metrics": [{"type": "Resource", "resource": CPU}],
    "behavior": {"scaleDown": {"stabilizationWindowSeconds": 10}},
}


def test_kubectl_scale_changes_the_size_and_no_pod(world: World, namespace: str) -> None:
    """Scaling is not an update: the same revision, and the pods that serve go on serving."""
    model = LiveModel(world, namespace)
    model.apply(world.uris[0])
    model.until_ready()
    revision, [first] = model.revision(), model.pods()
    for replicas in (3, 2):
        world.kubectl("scale", "mdep", model.name, f"--namespace={namespace}", f"--replicas={replicas}")
        model.until(f"{replicas} ready replicas", has_ready_replicas(replicas))
        assert model.row()["REPLICAS"] == f"{replicas}/{replicas}"
        assert first["metadata"]["uid"] in {pod["metadata"]["uid"] for pod in model.pods()}
    assert model.revision() == revision
    model.ask(world.models[0])


def test_an_autoscaler_follows_the_load_up_and_down(world: World, namespace: str, figures: Figures) -> None:
    """More requests, more pods; fewer requests, fewer pods; none of them lost on the way."""
    model = LiveModel(world, namespace)
    # A request costs a pod about 0.2 ms of CPU: 20m are little enough for 300 requests/s to be much.
    model.apply(world.uris[0], predictor={"hpaSpec": HPA, "resources": {"requests": {"cpu": "20m"}}})
    model.until_ready()
    revision = model.revision()
    begin = time.monotonic()
    with world.load(model.url, "autoscaling", RATES) as load:
        model.until(
            "a second ready replica", lambda one: one["status"]["readyReplicas"] > 1, seconds=REACTS_WITHIN
        )
        figures.record("load to a second ready pod (HPA)", time.monotonic() - begin, "s", "")
    assert load.report["failed"] == 0, load.summary
    model.until("one replica again", lambda one: one["status"]["replicas"] == 1, seconds=REACTS_WITHIN)
    assert model.revision() == revision
