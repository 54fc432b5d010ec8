"""The Services: the stable address with the bare name, and the preview's.

A switch changes the selector and nothing else.
"""

from __future__ import annotations

from slipway_operator.api.names import child_name
from slipway_operator.api.types import Key, ModelDeployment
from slipway_operator.core.actions import Kind, Manifest
from slipway_operator.core.objects import metadata
from slipway_operator.core.objects.pod import PORT_GRPC, PORT_HTTP


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
            "ports": [
                {"name": "http", "port": 80, "protocol": "TCP", "targetPort": PORT_HTTP},
                {
                    "name": "grpc",
                    "port": PORT_GRPC,
                    "protocol": "TCP",
                    "targetPort": PORT_GRPC,
                    "appProtocol": "kubernetes.io/h2c",  # proxies and meshes must not take it for HTTP/1
                },
            ],
        },
    )


def preview_name(modeldeployment: str, predictor: str) -> str:
    """The preview Service's name."""
    return child_name(modeldeployment, predictor, "preview")


def preview_service(md: ModelDeployment, predictor: str, track: str) -> Manifest:
    """The preview Service: the active one's like, under a name of its own."""
    found = service(md, predictor, track)
    name = preview_name(md.key.name, md.spec.predictor.name)
    return {**found, "metadata": {**found["metadata"], "name": name}}


def url(key: Key, service_name: str = "") -> str:
    """The address inside the cluster: the stable one, or that of another Service of ours."""
    return f"http://{service_name or key.name}.{key.namespace}.svc"
