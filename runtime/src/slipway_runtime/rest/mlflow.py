"""MLflow's scoring server and SageMaker's containers: `/invocations`, and the health paths beside it.

Neither looks at the body of a health check. boto3, pointed at this server, asks for an endpoint by name; any
name stands for the served model, and a fault carries AWS's header for its kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from slipway_runtime.protocol import csv_table, mlflow
from slipway_runtime.protocol.answers import dump, primary_of, value_of
from slipway_runtime.rest.compat import CSV, TEXT, Endpoints, header_of, in_words
from slipway_runtime.rest.reply import JSON, Reply, json_reply

if TYPE_CHECKING:
    from slipway_runtime.rest.request import Request
    from slipway_runtime.rest.router import Router

PROTOCOL, SAGEMAKER = "mlflow", "sagemaker"
_CODES = {400: "BAD_REQUEST", 404: "NOT_FOUND", 503: "TEMPORARILY_UNAVAILABLE", 504: "REQUEST_TIMEOUT"}
_ERROR_TYPE = b"x-amzn-errortype: ModelError\r\n"


class InvocationEndpoints(Endpoints):
    """The endpoints."""

    def add_to(self, router: Router) -> None:
        """Put every path of the protocols into the router."""
        router.add("POST", "/invocations", self.invocations, PROTOCOL, model=self.only)
        router.add("POST", "/endpoints/{endpoint}/invocations", self.endpoint, SAGEMAKER, model=self.only)
        router.add("POST", "/models/{model}/invoke", self.endpoint, SAGEMAKER)
        router.add("GET", "/ping", self.ping)
        router.add("GET", "/health", self.ping)
        router.add("GET", "/version", self.version)

    async def invocations(self, request: Request) -> Reply:
        """POST /invocations."""
        return await in_words(self._answer(request), _fault)

    async def endpoint(self, request: Request) -> Reply:
        """POST /endpoints/<name>/invocations (boto3) and /models/<model>/invoke (multi-model containers)."""
        return await in_words(self._answer(request), _fault, _ERROR_TYPE)

    async def _answer(self, request: Request) -> Reply:
        body, signature = request.body, self.signature(request.params["model"])
        inputs = mlflow.decode(body, signature, header_of(request, b"content-type"))
        result = await self.run(request, inputs, (primary_of(signature),))
        value = value_of(result.specs[0], result.arrays[0])
        accept = header_of(request, b"accept").lower()
        if mlflow.CSV in accept and mlflow.JSON not in accept and "*/*" not in accept:
            return Reply(200, CSV, csv_table.encode(value))
        return Reply(200, JSON, dump({"predictions": value}))

    async def ping(self, _: Request) -> Reply:
        """GET /ping and /health: TorchServe's body, 503 unless every model answers."""
        if self._dataplane.ready():
            return json_reply({"status": "Healthy"})
        return json_reply({"status": "Unhealthy"}, 503)

    async def version(self, _: Request) -> Reply:
        """GET /version: this server's."""
        from importlib.metadata import version  # noqa: PLC0415 # a tenth of the time to start, for one path

        return Reply(200, TEXT, version("slipway").encode())


def _fault(text: str, status: int) -> bytes:
    """MLflow's words beside the server's own."""
    code = _CODES.get(status, "INTERNAL_ERROR" if status >= 500 else "BAD_REQUEST")  # noqa: PLR2004 # the server's
    return orjson.dumps({"error": text, "error_code": code, "message": text})
