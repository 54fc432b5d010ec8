"""Open Inference Protocol v2 over REST: its paths, each a few lines around the data plane.

Bodies follow the specification; where it is silent, Triton. Health answers carry a body because people curl
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway_runtime.errors import ModelNotReady, Unsupported
from slipway_runtime.protocol.v2_decode import decode
from slipway_runtime.protocol.v2_encode import encode
from slipway_runtime.protocol.v2_metadata import model_metadata, server_metadata
from slipway_runtime.rest.reply import JSON, Reply, json_reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway_runtime.dataplane import DataPlane
    from slipway_runtime.rest.request import Request
    from slipway_runtime.rest.router import Router

PROTOCOL = "v2"
_MODEL = "/v2/models/{model}"
_VERSION = "/v2/models/{model}/versions/{version}"


class V2Endpoints:
    """The endpoints.

    Args:
        dataplane: what answers.
    """

    def __init__(self, dataplane: DataPlane) -> None:
        self._dataplane = dataplane

    def add_to(self, router: Router) -> None:
        """Put every path of the protocol into the router."""
        for base in (_MODEL, _VERSION):
            router.add("POST", f"{base}/infer", self.infer, PROTOCOL)
            router.add("GET", base, self.model)
            router.add("GET", f"{base}/ready", self.model_ready)
        router.add("GET", "/v2", self.server)
        router.add("GET", "/v2/", self.server)
        router.add("GET", "/v2/health/live", self.live)
        router.add("GET", "/v2/health/ready", self.ready)
        router.add("GET", "/v2/models", self.models)

    async def infer(self, request: Request) -> Reply:
        """POST …/infer."""
        if request.headers:
            _refuse_encodings(request.headers)
        params = request.params
        decoded = decode(request.body, params["model"], params.get("version", ""))
        result = await self._dataplane.infer(decoded, request.deadline, request.abandoned)
        return Reply(200, JSON, encode(result))

    async def server(self, _: Request) -> Reply:
        """GET /v2."""
        from importlib.metadata import version  # noqa: PLC0415 # a tenth of the time to start, for one path

        return json_reply(server_metadata(version("slipway")))

    async def live(self, _: Request) -> Reply:
        """GET /v2/health/live: whoever can answer is alive."""
        return json_reply({"live": True})

    async def ready(self, _: Request) -> Reply:
        """GET /v2/health/ready: every model is."""
        if self._dataplane.ready():
            return json_reply({"ready": True})
        models = self._dataplane.models()
        states = ", ".join(f"model '{model.name}' is {model.lifecycle.state}" for model in models)
        raise ModelNotReady(f"not ready: {states}")

    async def models(self, _: Request) -> Reply:
        """GET /v2/models."""
        return json_reply({"models": [model.name for model in self._dataplane.models()]})

    async def model(self, request: Request) -> Reply:
        """GET /v2/models/<model>."""
        params = request.params
        model = self._dataplane.model(params["model"], params.get("version", ""))
        return json_reply(model_metadata(model.name, model.versions, self._dataplane.signature(model)))

    async def model_ready(self, request: Request) -> Reply:
        """GET /v2/models/<model>/ready."""
        params = request.params
        model = self._dataplane.model(params["model"], params.get("version", ""))
        self._dataplane.signature(model)
        return json_reply({"name": model.name, "ready": True})


def _refuse_encodings(headers: Mapping[bytes, bytes]) -> None:
    if b"inference-header-content-length" in headers:
        raise Unsupported("binary tensors are not served: send the whole request as JSON")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Unsupported("a compressed body is not read: send it without Content-Encoding")
