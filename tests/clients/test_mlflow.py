"""MLflow's client of its own scoring server."""

from __future__ import annotations

from typing import Any

import pytest

from client_world import World


@pytest.fixture(scope="module")
def seen(servers: World) -> dict[str, Any]:
    """What the client saw."""
    return servers.seen_by("mlflow")


@pytest.mark.parametrize("form", ["table", "turned", "array"])
def test_a_table_gets_the_estimators_labels(seen: dict[str, Any], servers: World, form: str) -> None:
    """Columns go by their names, in whatever order the table has them; an array has none."""
    assert seen[form] == [[label] for label in servers.labels]


def test_the_server_answers_ping_and_version(seen: dict[str, Any]) -> None:
    """The script got past `wait_server_ready`, which asks /ping."""
    assert seen["version"]


def test_a_missing_column_is_named_in_the_clients_exception(seen: dict[str, Any], servers: World) -> None:
    """The client raises a plain Exception with the server's answer in it."""
    assert seen["fault"]["raised"] == "Exception"
    assert "error code 400" in seen["fault"]["text"]
    assert f"missing: '{servers.told['names'][0]}'" in seen["fault"]["text"]
