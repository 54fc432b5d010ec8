"""Addresses of models: what the operator lets through is what the puller can read."""

from __future__ import annotations

import pytest

from manifests import GRAPH, changed, minimal
from slipway_operator.api.parse import parse
from slipway_operator.api.types import ModelDeployment
from slipway_runtime.storage.uri import SCHEMES, parse_uri

DIGEST = "sha256:" + "0a" * 32
URIS = [
    "file:///models/iris",
    "http://models.svc/iris.onnx",
    "https://models.example/iris.tar.gz?sig=1",
    "s3://models/iris/3",
    "gs://models/iris/3",
    "az://models/iris/3",
    "abfs://models@account1.dfs.core.windows.net/iris",
    "abfss://models@account1.dfs.core.windows.net/iris",
    "hf://org/iris@main/onnx",
    "hf://org/iris:v1.0",
    "oci://registry.example:5000/org/iris:v1",
    f"oci://ghcr.io/org/iris@{DIGEST}",
]


@pytest.mark.parametrize("uri", URIS)
def test_an_address_of_every_scheme_passes_both_sides(uri: str) -> None:
    """One that the operator takes and the puller refuses would show minutes later, in another place."""
    parsed = parse(changed(minimal(), {f"{GRAPH}.modelUri": uri}))
    assert isinstance(parsed, ModelDeployment), parsed
    assert parse_uri(uri).scheme == uri.partition(":")[0].replace("abfss", "az").replace("abfs", "az")


def test_every_scheme_has_an_address_here() -> None:
    """A new scheme has to be allowed on both sides."""
    assert {uri.partition(":")[0] for uri in URIS} == set(SCHEMES)
