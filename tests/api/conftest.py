"""One real API server for all tests of this folder, with the CRD; a namespace for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

import api_server as support
from api_server import ApiServer
from crd_schema import CRD_FILE

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs the API server."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.api)


@pytest.fixture(scope="session")
def api_server() -> Iterator[ApiServer]:
    """The API server with the CRD established; a machine where it does not come up is an error."""
    with support.api_server() as server:
        server.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(CRD_FILE))
        server.await_established("modeldeployments.slipway.dev")
        yield server


@pytest.fixture
def namespace(api_server: ApiServer) -> Iterator[str]:
    """An empty namespace, removed afterwards in the background."""
    name = f"test-{uuid4().hex[:8]}"
    api_server.kubectl("create", "namespace", name)
    yield name
    api_server.kubectl("delete", "namespace", name, "--wait=false")
