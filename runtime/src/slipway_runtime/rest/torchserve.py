"""TorchServe and its ancestor Multi Model Server: predictions, and the lists of models.

A prediction's body is what a handler of one's own would read: rows, bare or under one of the usual keys, or
CSV. The answer is bare as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from slipway_runtime.protocol import mlflow, plain
from slipway_runtime.protocol.answers import dump, primary_of
from slipway_runtime.protocol.json_values import parse
from slipway_runtime.rest.compat import Endpoints, header_of, in_words
from slipway_runtime.rest.reply import JSON, Reply, json_reply

if TYPE_CHECKING:
    from slipway_runtime.protocol.signature import Signature
    from slipway_runtime.rest.request import Request
    from slipway_runtime.rest.router import Router

PROTOCOL = "torchserve"
_TYPES = {
    400: "BadRequestException",
    404: "ModelNotFoundException",
    405: "MethodNotAllowedException",
    503: "ServiceUnavailableException",
}


class TorchServeEndpoints(Endpoints):
    """The endpoints."""

    def add_to(self, router: Router) -> None:
        """Put every path of the protocol into the router."""
        for path in ("/predictions/{model}", "/predictions/{model}/{release}"):
            router.add("POST", path, self.predict, PROTOCOL)
            router.add("PUT", path, self.predict, PROTOCOL)  # curl -T
        router.add("GET", "/models", self.models)
        router.add("GET", "/models/{model}", self.model)

    async def predict(self, request: Request) -> Reply:
        """POST /predictions/<model>[/<version>]."""
        return await in_words(self._answer(request), _fault)

    async def _answer(self, request: Request) -> Reply:
        version = request.params.get("release", "").removesuffix(".0")  # its versions have a point
        signature = self.signature(request.params["model"], version)
        asked = _read(request.body, header_of(request, b"content-type"), signature)
        result = await self.run(request, asked.inputs, (asked.output,), version)
        return Reply(200, JSON, dump(plain.answer_of(result, single=asked.single)))

    async def models(self, _: Request) -> Reply:
        """GET /models."""
        names = [model.name for model in self._dataplane.models()]
        return json_reply({"models": [{"modelName": name, "modelUrl": name} for name in names]})

    async def model(self, request: Request) -> Reply:
        """GET /models/<model>."""
        model = self._dataplane.model(request.params["model"])
        ready = model.lifecycle.serving and model.loaded is not None
        told: dict[str, Any] = {
            "modelName": model.name,
            "modelVersion": model.versions[-1],
            "modelUrl": model.name,
            "loadedAtStartup": True,
            "workers": [{"id": "0", "status": "READY" if ready else "UNLOADED"}],
        }
        return json_reply([told])


def _read(body: bytes, header: str, signature: Signature) -> plain.Plain:
    kind = mlflow.content_type(header).kind
    if kind != mlflow.JSON:
        inputs = mlflow.decode(body, signature, header)
        return plain.Plain(inputs, primary_of(signature), single=False)
    return plain.read(parse(body), signature)


def _fault(text: str, status: int) -> bytes:
    """TorchServe's words beside the server's own."""
    name = _TYPES.get(status, "InternalServerException" if status >= 500 else "BadRequestException")  # noqa: PLR2004 # the server's
    return orjson.dumps({"error": text, "code": status, "type": name, "message": text})
