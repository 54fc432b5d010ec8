"""The servers that all clients meet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from client_world import World, world


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Three models, a server for each, for all clients."""
    with world(tmp_path_factory.mktemp("models")) as found:
        yield found
