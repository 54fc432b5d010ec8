"""Every protocol that the server speaks, put into one router."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway_runtime.rest.documents import Documents
from slipway_runtime.rest.mlflow import InvocationEndpoints
from slipway_runtime.rest.plain import PlainEndpoints
from slipway_runtime.rest.seldon import SeldonEndpoints
from slipway_runtime.rest.tfs import TfServingEndpoints
from slipway_runtime.rest.torchserve import TorchServeEndpoints

if TYPE_CHECKING:
    from collections.abc import Collection

    from slipway_runtime.dataplane import DataPlane
    from slipway_runtime.rest.router import Router
    from slipway_runtime.telemetry.metrics import Metrics


def add_protocols(
    router: Router, dataplane: DataPlane, metrics: Metrics, version_labels: Collection[str] = ()
) -> None:
    """All but v2, and the documents about all.

    Args:
        router: gets the paths.
        dataplane: what answers.
        metrics: where a path that protocols share is counted.
        version_labels: TensorFlow Serving's names for the served version.
    """
    TfServingEndpoints(dataplane, version_labels).add_to(router)
    SeldonEndpoints(dataplane).add_to(router)
    InvocationEndpoints(dataplane).add_to(router)
    TorchServeEndpoints(dataplane).add_to(router)
    PlainEndpoints(dataplane, metrics).add_to(router)
    Documents(dataplane).add_to(router)
