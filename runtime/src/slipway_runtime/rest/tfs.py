"""TensorFlow Serving over REST, and KServe V1 on the same paths.

Both clients are content with one answer: the status of a model carries TensorFlow Serving's versions and
KServe's `name` and `ready`, with KServe's 503 while it is not ready. Version 0 stands for any, as
OpenVINO's client sends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol import tfs_rest, tfs_rest_examples, tfs_rest_metadata
from slipway_runtime.protocol.words import quoted
from slipway_runtime.rest.compat import Endpoints
from slipway_runtime.rest.reply import JSON, Reply, json_reply

if TYPE_CHECKING:
    from collections.abc import Collection

    from slipway_runtime.dataplane import DataPlane
    from slipway_runtime.rest.request import Request
    from slipway_runtime.rest.router import Router

PROTOCOL = "v1"
BASES = (
    "/v1/models/{model}",
    "/v1/models/{model}/versions/{version}",
    "/v1/models/{model}/labels/{label}",
)


class TfServingEndpoints(Endpoints):
    """The endpoints.

    Args:
        dataplane: what answers.
        labels: that stand for the served version.
    """

    def __init__(self, dataplane: DataPlane, labels: Collection[str]) -> None:
        super().__init__(dataplane)
        self._labels = labels

    def add_to(self, router: Router) -> None:
        """Put every path of the protocol into the router."""
        for base in BASES:
            router.add("POST", f"{base}:predict", self.predict, PROTOCOL)
            router.add("POST", f"{base}:classify", self.classify, PROTOCOL)
            router.add("POST", f"{base}:regress", self.regress, PROTOCOL)
            router.add("GET", f"{base}/metadata", self.metadata)
            router.add("GET", base, self.status)
        router.add("GET", "/v1/models", self.models)
        router.add("GET", "/", self.alive)

    async def predict(self, request: Request) -> Reply:
        """POST …:predict."""
        body, version = request.body, self._version(request)
        asked = tfs_rest.decode(body, self.signature(request.params["model"], version))
        result = await self.run(request, asked.inputs, asked.outputs, version)
        return Reply(200, JSON, tfs_rest.encode(result, by_row=asked.by_row))

    async def classify(self, request: Request) -> Reply:
        """POST …:classify."""
        body, version = request.body, self._version(request)
        signature = self.signature(request.params["model"], version)
        output = tfs_rest_examples.classified(signature)
        result = await self.run(request, tfs_rest_examples.decode(body, signature), (output,), version)
        return Reply(200, JSON, tfs_rest_examples.encode_classes(result, signature))

    async def regress(self, request: Request) -> Reply:
        """POST …:regress."""
        body, version = request.body, self._version(request)
        signature = self.signature(request.params["model"], version)
        output = tfs_rest_examples.regressed(signature)
        result = await self.run(request, tfs_rest_examples.decode(body, signature), (output,), version)
        return Reply(200, JSON, tfs_rest_examples.encode_numbers(result))

    async def status(self, request: Request) -> Reply:
        """GET /v1/models/<model>: 503 with the same body while it is not ready."""
        model = self._dataplane.model(request.params["model"], self._version(request))
        ready = model.lifecycle.serving and model.loaded is not None
        told = tfs_rest_metadata.status(model.name, model.versions, model.lifecycle.state, ready=ready)
        return json_reply(told, 200 if ready else 503)

    async def metadata(self, request: Request) -> Reply:
        """GET /v1/models/<model>/metadata."""
        model = self._dataplane.model(request.params["model"], self._version(request))
        signature = self._dataplane.signature(model)
        return json_reply(tfs_rest_metadata.metadata(model.name, model.versions[-1], signature))

    async def models(self, _: Request) -> Reply:
        """GET /v1/models: KServe's list."""
        return json_reply({"models": [model.name for model in self._dataplane.models()]})

    async def alive(self, _: Request) -> Reply:
        """GET /: KServe's V1 clients ask here whether the server lives."""
        return json_reply({"status": "alive"})

    def _version(self, request: Request) -> str:
        """The version that a path asks for; empty for any.

        Raises:
            InvalidRequest: no such label.
        """
        label = request.params.get("label", "")
        if label and label not in self._labels:
            raise InvalidRequest(
                f"Unrecognized servable version label: {quoted(label)}; "
                f"the served version has {', '.join(self._labels) or 'none'}"
            )
        return request.params.get("version", "").lstrip("0")
