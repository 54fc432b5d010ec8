"""Open Inference Protocol v2 over REST: its paths, each a few lines around the data plane.

Bodies follow the specification; where it is silent, Triton. Health answers carry a body because people curl
them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from slipway_runtime.errors import DeadlineExceeded, ModelNotReady
from slipway_runtime.protocol.v2_decode import decode
from slipway_runtime.protocol.v2_encode import encode, encode_as
from slipway_runtime.protocol.v2_known import recall
from slipway_runtime.protocol.v2_metadata import model_metadata, server_metadata
from slipway_runtime.protocol.v2_raw import decode_raw
from slipway_runtime.protocol.v2_tail import header_length
from slipway_runtime.rest.reply import JSON, Reply, json_reply
from slipway_runtime.rest.v2_models import V2ModelEndpoints

if TYPE_CHECKING:
    from slipway_runtime.dataplane import DataPlane
    from slipway_runtime.protocol.messages import InferenceRequest
    from slipway_runtime.rest.request import Request
    from slipway_runtime.rest.router import Router
    from slipway_runtime.telemetry.metrics import Metrics

PROTOCOL = "v2"
_MODEL = "/v2/models/{model}"
_VERSION = "/v2/models/{model}/versions/{version}"
_LENGTH = b"inference-header-content-length"
BINARY = b"content-type: application/octet-stream\r\ninference-header-content-length: %d\r\n"


class V2Endpoints:
    """The endpoints.

    Args:
        dataplane: what answers.
        metrics: what statistics are read from.
    """

    def __init__(self, dataplane: DataPlane, metrics: Metrics) -> None:
        self._dataplane = dataplane
        self._models = V2ModelEndpoints(dataplane, metrics)

    def add_to(self, router: Router) -> None:
        """Put every path of the protocol into the router."""
        self._models.add_to(router)
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
        params = request.params
        if request.headers and _LENGTH in request.headers:
            decoded = self._decode_binary(request)
        else:
            decoded = decode(request.body, params["model"], params.get("version", ""))
        deadline = request.deadline
        if decoded.seconds:
            deadline = min(deadline, request.arrived + decoded.seconds)
            if time.perf_counter() > deadline:
                raise DeadlineExceeded("the request's own time is over: raise its parameter 'timeout'")
        result = await self._dataplane.infer(decoded, deadline, request.abandoned)
        if decoded.form is None:
            return Reply(200, JSON, encode(result))
        body, length = encode_as(result, decoded.form)
        return Reply(200, JSON if length is None else BINARY % length, body)

    def _decode_binary(self, request: Request) -> InferenceRequest:
        """Binary data behind JSON of this length; of length 0, nothing but one input's data."""
        name, version = request.params["model"], request.params.get("version", "")
        length = header_length(request.headers[_LENGTH])
        if length:
            known = recall(request.data, request.begin, length, name, version)
            return known or decode(request.body, name, version, length)
        model = self._dataplane.model(name, version)
        return decode_raw(request.body, name, version, self._dataplane.signature(model))

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
