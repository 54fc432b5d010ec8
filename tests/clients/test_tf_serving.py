"""OpenVINO Model Server's client, which speaks to TensorFlow Serving's REST and gRPC."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from client_world import World


@pytest.fixture(scope="module")
def seen(servers: World) -> dict[str, Any]:
    """What the client saw."""
    return servers.seen_by("ovms")


@pytest.mark.parametrize("transport", ["http", "grpc"])
@pytest.mark.parametrize("call", ["predicted", "version"])
def test_a_prediction_is_the_models(seen: dict[str, Any], servers: World, transport: str, call: str) -> None:
    """REST carries the shortest decimals, gRPC floats: the same numbers of 32 bits."""
    found = np.array(seen[transport][call], np.float32)
    assert found.tolist() == servers.linear


@pytest.mark.parametrize("transport", ["http", "grpc"])
def test_the_status_is_understood(seen: dict[str, Any], transport: str) -> None:
    """Scripts wait for AVAILABLE."""
    available = {"state": "AVAILABLE", "error_code": 0, "error_message": ""}
    assert seen[transport]["status"] == {"1": available}


def test_metadata_is_understood(seen: dict[str, Any]) -> None:
    """Over gRPC; the client's parser of REST reads its own server's spelling alone."""
    assert seen["grpc"]["metadata"] == {
        "model_version": 1,
        "inputs": {"x": {"shape": [-1, 4], "dtype": "DT_FLOAT"}},
        "outputs": {"y": {"shape": [-1, 1], "dtype": "DT_FLOAT"}},
    }


@pytest.mark.parametrize("transport", ["http", "grpc"])
def test_faults_are_the_clients_own_exceptions(seen: dict[str, Any], transport: str) -> None:
    """It makes them from the code, over REST and gRPC alike."""
    assert seen[transport]["fault"]["raised"] == "InvalidInputError"
    assert "unexpected shape for input 'x'" in seen[transport]["fault"]["text"]
    assert seen[transport]["unknown"]["raised"] == "ModelNotFoundError"
