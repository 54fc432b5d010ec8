"""JSON as people write it by hand: POST /predict and POST /<model name>.

/predict also is the path of Seldon's model servers, and of containers that take `instances`: the body tells
which of them is meant, and the answer is counted under that protocol.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from slipway_runtime.errors import RuntimeFault
from slipway_runtime.protocol import plain, seldon, tfs_rest
from slipway_runtime.protocol.answers import dump
from slipway_runtime.protocol.json_values import parse
from slipway_runtime.rest.compat import Endpoints, header_of
from slipway_runtime.rest.errors import INTERNAL, error_reply
from slipway_runtime.rest.reply import JSON, Reply
from slipway_runtime.rest.seldon import PROTOCOL as SELDON
from slipway_runtime.rest.seldon import SeldonEndpoints
from slipway_runtime.rest.tfs import PROTOCOL as V1

if TYPE_CHECKING:
    from slipway_runtime.dataplane import DataPlane
    from slipway_runtime.rest.request import Request
    from slipway_runtime.rest.router import Router
    from slipway_runtime.telemetry.metrics import Metrics

PROTOCOL = "plain"
ANSWER = "prediction"


class PlainEndpoints(Endpoints):
    """The endpoints.

    Args:
        dataplane: what answers.
        metrics: where /predict is counted, under the protocol that its body speaks.
    """

    def __init__(self, dataplane: DataPlane, metrics: Metrics) -> None:
        super().__init__(dataplane)
        self._metrics = metrics
        self._seldon = SeldonEndpoints(dataplane)

    def add_to(self, router: Router) -> None:
        """Put both paths into the router."""
        router.add("POST", "/predict", self.predict, model=self.only)
        router.add("POST", "/{model}", self.named, PROTOCOL)

    async def named(self, request: Request) -> Reply:
        """POST /<model name>: the answer stands under the model's name."""
        return await self._plain(request, parse(request.body), request.params["model"])

    async def predict(self, request: Request) -> Reply:
        """POST /predict."""
        protocol, reply = PROTOCOL, INTERNAL
        try:
            document = seldon.document_of(request.body, header_of(request, b"content-type"))
            if seldon.is_message(document):
                protocol = SELDON
                reply = await self._seldon.answer(request, document)
            elif type(document) is dict and "instances" in document:
                protocol = V1
                reply = await self._instances(request, document)
            else:
                reply = await self._plain(request, document, ANSWER)
        except RuntimeFault as fault:
            reply = error_reply(fault)
        finally:
            answers = self._metrics.answers_of(self.only, protocol)
            answers.record(reply.status, time.perf_counter() - request.arrived)
        return reply

    async def _plain(self, request: Request, document: Any, name: str) -> Reply:
        asked = plain.read(document, self.signature(request.params["model"]))
        result = await self.run(request, asked.inputs, (asked.output,))
        return Reply(200, JSON, dump({name: plain.answer_of(result, single=asked.single)}))

    async def _instances(self, request: Request, document: dict[str, Any]) -> Reply:
        asked = tfs_rest.read(document, self.signature(request.params["model"]))
        result = await self.run(request, asked.inputs, asked.outputs)
        return Reply(200, JSON, tfs_rest.encode(result, by_row=asked.by_row))
