"""AWS's SDK for Python, whose `sagemaker-runtime` client invokes endpoints."""

from __future__ import annotations

import json
from typing import Any

import pytest

from client_world import World


@pytest.fixture(scope="module")
def seen(servers: World) -> dict[str, Any]:
    """What the client saw."""
    return servers.seen_by("sagemaker")


@pytest.mark.parametrize("form", ["json", "csv", "npy"])
def test_an_endpoint_answers_the_estimators_labels(seen: dict[str, Any], servers: World, form: str) -> None:
    """The three content types that SageMaker's own containers take."""
    assert seen[form]["type"].startswith("application/json")
    assert json.loads(seen[form]["text"]) == {"predictions": servers.labels}


def test_text_comes_back_where_it_is_asked_for(seen: dict[str, Any], servers: World) -> None:
    """Batch transforms join lines of input with lines of output."""
    assert seen["csv_both"]["type"].startswith("text/csv")
    assert seen["csv_both"]["text"].splitlines() == [str(label) for label in servers.labels]


def test_a_wrong_row_is_the_sdks_own_exception(seen: dict[str, Any]) -> None:
    """ModelError is what AWS raises for a container that answers 4xx."""
    assert seen["fault"]["raised"] == "ModelError"
    assert "unexpected shape" in seen["fault"]["text"]
