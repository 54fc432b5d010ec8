"""The API server goes away: models serve on, and all goes on when it is back."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from live_model import LiveModel, rolls_on_from
from live_world import World
from openloop.session import Rates
from slipway_demo.platform import PROGRAM

OUTAGE_SECONDS = float(os.environ.get("SLIPWAY_OUTAGE_SECONDS", "20"))
COMES_BACK_WITHIN = 30.0

RATES = Rates(new=100, keep=100, requests=1_000, seconds=OUTAGE_SECONDS + 240)


@contextmanager
def _outage(world: World) -> Iterator[None]:
    """No API server inside the block."""
    program = str(PROGRAM)
    world.shell.read(program, "stop", "kube-apiserver")
    try:
        yield
    finally:
        world.shell.read(program, "start", "kube-apiserver")


def test_an_api_outage_costs_no_answer_and_no_restart(world: World, namespace: str) -> None:
    """A model must not depend on the control plane; an update right after the outage begins at once."""
    model = LiveModel(world, namespace)
    model.apply(world.uris[0], replicas=2)
    model.until_ready()
    before, revision, deployment = _operators(world), model.revision(), model.child("Deployment")
    with world.load(model.url, "api-outage", RATES) as load:
        load.mark("API server stopped")
        with _outage(world):
            time.sleep(OUTAGE_SECONDS)  # the length of the outage is what is tested
        load.mark("API server started")
        model.apply(world.uris[1], replicas=2)
        # Not until Ready: Kubernetes' own controllers look again after up to a minute.
        world.kube.until(deployment, "the new revision", rolls_on_from(revision), seconds=COMES_BACK_WITHIN)
    assert load.report["failed"] == 0, load.summary
    assert _operators(world) == before


def _operators(world: World) -> dict[str, int]:
    """How often each operator's container has started again, by pod."""
    return {
        pod["metadata"]["uid"]: pod["status"]["containerStatuses"][0]["restartCount"]
        for pod in world.operator_pods()
    }
