"""Seldon Core v1 over REST: its engine's paths and its model servers', as its clients call them.

`/predict` is shared with JSON written by hand: rest.plain tells them apart by the body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slipway_runtime.errors import ModelNotReady
from slipway_runtime.protocol import seldon
from slipway_runtime.protocol.v2_metadata import model_metadata
from slipway_runtime.rest.compat import TEXT, Endpoints, header_of, in_words
from slipway_runtime.rest.reply import JSON, Reply, json_reply

if TYPE_CHECKING:
    from slipway_runtime.rest.request import Request
    from slipway_runtime.rest.router import Router

PROTOCOL = "seldon"
_INGRESS = "/seldon/{namespace}/{deployment}"  # what Seldon's ingress strips: there is none here


class SeldonEndpoints(Endpoints):
    """The endpoints."""

    def add_to(self, router: Router) -> None:
        """Put every path of the protocol into the router."""
        for prefix in ("", _INGRESS):
            for api in ("/api/v1.0", "/api/v0.1"):
                path = f"{prefix}{api}/predictions"
                router.add("POST", path, self.predict, PROTOCOL, model=self.only)
            router.add("GET", f"{prefix}/api/v1.0/metadata", self.metadata)
            router.add("GET", f"{prefix}/api/v1.0/health/status", self.status)
        router.add("GET", "/metadata", self.metadata)
        router.add("GET", "/health/status", self.status)
        router.add("GET", "/health/ping", self.ping)

    async def predict(self, request: Request) -> Reply:
        """POST /api/v1.0/predictions."""
        return await in_words(self._predict(request), seldon.fault)

    async def answer(self, request: Request, document: Any) -> Reply:
        """A message whose body is parsed already."""
        return await in_words(self._answer(request, document), seldon.fault)

    async def _predict(self, request: Request) -> Reply:
        document = seldon.document_of(request.body, header_of(request, b"content-type"))
        return await self._answer(request, document)

    async def _answer(self, request: Request, document: Any) -> Reply:
        message = seldon.read(document, self.signature(request.params["model"]))
        result = await self.run(request, message.inputs, (message.output,))
        return Reply(200, JSON, seldon.encode(result, message.form, message.meta))

    async def metadata(self, _: Request) -> Reply:
        """GET /metadata: what the model takes and gives."""
        model = self._dataplane.model(self.only)
        return json_reply(model_metadata(model.name, model.versions, self._dataplane.signature(model)))

    async def status(self, _: Request) -> Reply:
        """GET /health/status: 503 unless the model answers."""
        if not self._dataplane.ready():
            raise ModelNotReady(f"model '{self.only}' is not ready")
        return json_reply({"data": {"names": [], "ndarray": []}, "meta": {}})

    async def ping(self, _: Request) -> Reply:
        """GET /health/ping: whoever can answer is alive."""
        return Reply(200, TEXT, b"pong")
