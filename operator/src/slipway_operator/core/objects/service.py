"""The Service with the bare name: the stable address. A switch changes its selector and nothing else."""

from __future__ import annotations

from slipway_operator.api.types import Key, ModelDeployment
from slipway_operator.core.actions import Kind, Manifest
from slipway_operator.core.objects import metadata
from slipway_operator.core.objects.pod import PORT_HTTP


def service(md: ModelDeployment, predictor: str, track: str) -> Manifest:
    """The active Service, selecting one track of one predictor.

    The type is stated so that opening it to the outside by hand is undone.
    """
    return metadata.child(
        md,
        Kind.SERVICE,
        md.key.name,
        predictor,
        spec={
            "type": "ClusterIP",
            "selector": metadata.selector(md.key.name, predictor, track),
            "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": PORT_HTTP}],
        },
    )


def url(key: Key) -> str:
    """The address inside the cluster."""
    return f"http://{key.name}.{key.namespace}.svc"
