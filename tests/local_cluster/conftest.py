"""Clusters of the tests' own: their names and folders are nobody else's."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from live_local_cluster import LocalCluster
from localcluster import images
from localcluster.build import Builder
from localcluster.modules import CLUSTER
from localcluster.settings import settings_from
from localcluster.waiting import Progress

WEB = "localhost/web:1"


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where these clusters keep their state."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture
def make(state: Path) -> Iterator[Callable[[str], LocalCluster]]:
    """Names clusters that a test brings up itself; whatever is left of them is removed afterwards."""
    made: list[LocalCluster] = []

    def name(name: str) -> LocalCluster:
        made.append(LocalCluster(name, state))
        return made[-1]

    yield name
    for cluster in made:
        cluster.run("down")


@pytest.fixture(scope="session")
def running(state: Path) -> Iterator[LocalCluster]:
    """One cluster with all add-ons for the tests that only use it."""
    cluster = LocalCluster("slipway-t1", state)
    try:
        cluster.run("up", "--addon", "s3")
        yield cluster
    finally:
        cluster.run("down")


@pytest.fixture(scope="session")
def web_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image archive of a small web server: CoreDNS, whose `health` answers over HTTP."""
    settings = settings_from(os.environ)
    built = Builder(settings.binaries, Progress(sys.stderr)).build([CLUSTER])[CLUSTER.name]
    archive = tmp_path_factory.mktemp("images") / "web.tar"
    images.write(archive, WEB, built / "coredns")
    return archive
