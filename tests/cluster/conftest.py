"""The cluster tests' stage: one real cluster for the whole run, a namespace for each test.

The cluster is called `slipway-test`, unless SLIPWAY_TEST_CLUSTER says otherwise. It is brought up if it
is not there, and taken down at the end unless it was there before or SLIPWAY_KEEP_CLUSTER is set. Where
it cannot come up the tests fail: a proof that is skipped proves nothing.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from figures import Figures
from live_kube import LiveKube
from live_model import AtRest, LiveModel
from live_world import LABEL, REPORTS, World, diagnosis, keep_cluster
from slipway_demo.console import Console
from slipway_demo.install import build_images, install_chart
from slipway_demo.models import train
from slipway_demo.platform import PROGRAM, LocalCluster
from slipway_demo.shell import Shell
from slipway_demo.store import store

NAME = os.environ.get("SLIPWAY_TEST_CLUSTER", "slipway-test")
IDLE = int(os.environ.get("SLIPWAY_REST_MODELS", "10"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the cluster."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def shell() -> Shell:
    """Runs programs against the test cluster; what they report goes to stderr, shown when a test fails."""
    return Shell(Console(sys.stderr), {"SLIPWAY_CLUSTER": NAME})


@pytest.fixture(scope="session")
def cluster(shell: Shell, figures: Figures) -> Iterator[LocalCluster]:
    """The running cluster with pod metrics and S3."""
    local = LocalCluster(shell)
    was_there = shell.attempt(str(PROGRAM), "status").returncode == 0
    begin = time.monotonic()
    local.up()
    if not was_there:
        figures.record(
            "cluster up, with pod metrics and S3", time.monotonic() - begin, "s", "≤ 15 without S3"
        )
    yield local
    if not was_there and not keep_cluster():
        local.down()


@pytest.fixture(scope="session")
def world(shell: Shell, cluster: LocalCluster) -> Iterator[World]:
    """Slipway installed by its chart from freshly built images, with two models in S3."""
    shell.attempt("kubectl", "delete", "namespace", f"--selector={LABEL}", "--wait=false")
    images = build_images(shell)
    cluster.load(list(images.values()))
    install_chart(shell, {name: reference for name, (reference, _) in images.items()})
    models, uris = train(), ("s3://models/iris/1", "s3://models/iris/2")
    for model, uri in zip(models, uris, strict=True):
        store(cluster, model, uri)
    kube = LiveKube(Path(shell.environ["KUBECONFIG"]), partial(diagnosis, shell))
    yield World(shell=shell, cluster=cluster, kube=kube, models=models, uris=uris)
    kube.close()


@pytest.fixture(scope="session")
def figures() -> Figures:
    """Where measured figures go."""
    return Figures(REPORTS / "figures.json")


@pytest.fixture(scope="session")
def at_rest(world: World) -> AtRest:
    """Ready models (SLIPWAY_REST_MODELS, or ten) that stay as they are, beside all other tests."""
    namespace = world.namespace("at-rest")
    models = [LiveModel(world, namespace, f"iris-{number}") for number in range(IDLE)]
    for model in models:
        model.apply(world.uris[0])
    for model in models:
        model.until_ready(seconds=120)
    _until_quiet(world, namespace)
    return AtRest(models, namespace, datetime.now(UTC))


def _until_quiet(world: World, namespace: str) -> None:
    """The last write of a settled model is the Event that says which revision serves: waits for all."""
    world.kube.until_count(
        "Event",
        namespace,
        "",
        "an Event Promoted for each model",
        lambda found: sum(one["reason"] == "Promoted" for one in found) == IDLE,
        seconds=30,
    )


@pytest.fixture
def namespace(world: World, request: pytest.FixtureRequest) -> Iterator[str]:
    """A restricted namespace of the test's own; it vanishes in its own time afterwards."""
    name = world.namespace("test")
    yield name
    world.kubectl("delete", "namespace", name, "--wait=false")
