"""The operator as a process in front of a real API server, in a namespace of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

import live_operator
from api_server import ApiServer
from live_operator import LiveOperator, Stage


@pytest.fixture
def stage(api_server: ApiServer, namespace: str, tmp_path: Path) -> Iterator[Stage]:
    """A namespace with the operator's account."""
    with live_operator.stage(api_server, namespace, tmp_path) as ready:
        yield ready


@pytest.fixture(scope="module")
def shared(api_server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A namespace with a running operator, for all tests of a file; each takes a `model` of its own."""
    name = f"test-{uuid4().hex[:8]}"
    api_server.kubectl("create", "namespace", name)
    folder = tmp_path_factory.mktemp("shared")
    with (
        live_operator.stage(api_server, name, folder) as ready,
        live_operator.operating(ready, "--lease", ""),
    ):
        yield ready
    api_server.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def model(shared: Stage) -> Iterator[str]:
    """A name that nobody else uses; its ModelDeployment is deleted in the end."""
    name = f"m{uuid4().hex[:8]}"
    yield name
    shared.kube.delete(shared.ref("ModelDeployment", name))


@pytest.fixture
def operator(stage: Stage) -> Iterator[LiveOperator]:
    """A running operator without an election."""
    with live_operator.operating(stage, "--lease", "") as running:
        yield running
