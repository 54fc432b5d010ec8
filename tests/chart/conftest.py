"""Helm from the project's own build, and a real API server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import api_server as support
from api_server import ApiServer
from chart import Chart, built_chart
from crd_schema import CRD_FILE


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs Helm needs the programs that an API server comes up with.

    The hook is called with the items of all folders: another's must not be run in two parts of a test run.
    """
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and {"chart", "api_server"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.api)


@pytest.fixture(scope="session")
def chart() -> Chart:
    """The chart, to be rendered."""
    return built_chart()


@pytest.fixture(scope="session")
def api_server() -> Iterator[ApiServer]:
    """The real API server of the test cluster, with the CRD."""
    with support.api_server() as server:
        server.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(CRD_FILE))
        yield server
