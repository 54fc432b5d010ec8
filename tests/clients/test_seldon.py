"""Seldon Core's client, through each of its gateways' paths and to a microservice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from client_world import World


@pytest.fixture(scope="module")
def seen(servers: World) -> dict[str, Any]:
    """What the client saw."""
    return servers.seen_by("seldon")


@pytest.mark.parametrize("way", ["ambassador", "istio", "seldon", "microservice"])
def test_every_way_in_gives_the_estimators_probabilities(
    seen: dict[str, Any], servers: World, way: str
) -> None:
    """As Seldon's server for scikit-learn does where nobody chose a method."""
    answer = seen[way]
    assert answer["success"], answer
    content = answer["response"]["data"]
    if "tensor" in content:
        assert content["tensor"]["shape"] == [len(servers.labels), 3]
    rows = content["ndarray"] if "ndarray" in content else content["tensor"]["values"]
    assert np.allclose(np.reshape(rows, (-1, 3)), servers.probabilities, atol=1e-6)


def test_an_array_comes_back_in_the_form_it_was_sent_in(seen: dict[str, Any]) -> None:
    """The client unpacks the form that it asked in."""
    assert "ndarray" in seen["ambassador"]["response"]["data"]
    assert "tensor" in seen["istio"]["response"]["data"]


def test_a_refusal_is_told_as_the_client_tells_them(seen: dict[str, Any]) -> None:
    """It raises nothing: `success` is False, and Seldon's status says why."""
    refused = seen["refused"]
    assert refused["success"] is False
    assert refused["message"] == "400:Bad Request"
    assert refused["response"]["status"]["status"] == "FAILURE"
    assert "unexpected shape" in refused["response"]["status"]["info"]
