"""KServe's SDK, for both versions of its protocol and over gRPC."""

from __future__ import annotations

from typing import Any

import pytest

from client_world import World


@pytest.fixture(scope="module")
def seen(servers: World) -> dict[str, Any]:
    """What the client saw."""
    return servers.seen_by("kserve")


def test_version_1_gives_the_estimators_labels(seen: dict[str, Any], servers: World) -> None:
    """As KServe's server for scikit-learn answers."""
    assert seen["v1"]["predicted"] == {"predictions": servers.labels}


def test_version_2_gives_every_datatype(seen: dict[str, Any], servers: World) -> None:
    """In JSON and as binary tensors, typed and raw."""
    assert seen["v2"]["json"] == seen["v2"]["binary"] == servers.tensors
    assert seen["grpc"]["typed"] == seen["grpc"]["raw"] == servers.tensors


def test_health_is_understood(seen: dict[str, Any]) -> None:
    """The SDK reads the bodies, not only the codes."""
    assert seen["v1"]["alive"] == [True, True]
    assert seen["v2"]["alive"] == seen["grpc"]["alive"] == [True, True, True]
    assert seen["v2"]["unknown"] is False


def test_faults_are_the_exceptions_of_its_libraries(seen: dict[str, Any]) -> None:
    """With the server's own words in their text."""
    shape = "unexpected shape for input"
    for version in ("v1", "v2"):
        fault = seen[version]["fault"]
        assert fault["raised"] == "HTTPStatusError"
        assert fault["text"].startswith(shape)
        assert "'400 Bad Request'" in fault["text"]
    assert seen["v1"]["unknown"]["raised"] == "HTTPStatusError"
    assert "'404 Not Found'" in seen["v1"]["unknown"]["text"]
    assert seen["grpc"]["fault"]["raised"] == "AioRpcError"
    assert "StatusCode.INVALID_ARGUMENT" in seen["grpc"]["fault"]["text"]
    assert shape in seen["grpc"]["fault"]["text"]
