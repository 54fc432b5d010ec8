"""The operator as a process in front of a real API server, in a namespace of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import live_operator
from api_server import ApiServer
from live_operator import LiveOperator, Stage


@pytest.fixture
def stage(api_server: ApiServer, namespace: str, tmp_path: Path) -> Iterator[Stage]:
    """A namespace with the operator's account."""
    with live_operator.stage(api_server, namespace, tmp_path) as ready:
        yield ready


@pytest.fixture
def operator(stage: Stage) -> Iterator[LiveOperator]:
    """A running operator without an election."""
    with live_operator.operating(stage, "--lease", "") as running:
        yield running
