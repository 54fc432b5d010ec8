"""What answers requests: route, inflate, endpoint, reply, compress, count, log.

Faults become replies here and nowhere else. What only some requests ask for (a coding, an id, a line in the
log) costs the others one look at an empty mapping.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from slipway_runtime.errors import RuntimeFault
from slipway_runtime.rest.access_log import write_line
from slipway_runtime.rest.compression import compressed, inflated, wish_of
from slipway_runtime.rest.errors import INTERNAL, error_reply
from slipway_runtime.rest.request_id import HEADER, request_id, with_id

if TYPE_CHECKING:
    from slipway_runtime.rest.reply import Reply
    from slipway_runtime.rest.request import Request
    from slipway_runtime.rest.router import Router

MAX_BODY = 64 * 1024 * 1024
_LOG = logging.getLogger(__name__)


class App:
    """Answers requests.

    Args:
        router: every path, and where its answers are counted.
        access_log: write a line for each request.
        max_body: bytes that a compressed body may inflate to.
    """

    __slots__ = ("_access_log", "_max_body", "_router")

    def __init__(self, router: Router, *, access_log: bool, max_body: int = MAX_BODY) -> None:
        self._router = router
        self._access_log = access_log
        self._max_body = max_body

    async def answer(self, request: Request) -> Reply:
        """One request's reply; raises nothing."""
        answers = None
        protocol = ""
        received = len(request.data) - request.begin
        headers = request.headers
        try:
            endpoint, request.params, answers, protocol = self._router.match(request)
            if headers and (codings := headers.get(b"content-encoding")):
                request.body = await inflated(request.body, codings, self._max_body)
            reply = await endpoint(request)
        except RuntimeFault as fault:
            reply = error_reply(fault)
        except Exception:  # noqa: BLE001 # the client gets an answer, the log gets the traceback
            _LOG.exception("a request failed")
            reply = INTERNAL
        if headers or self._access_log:
            reply = await self._finish(request, reply, protocol, received)
        if answers is not None:
            answers.record(reply.status, time.perf_counter() - request.arrived, received, len(reply.body))
        return reply

    async def _finish(self, request: Request, reply: Reply, protocol: str, received: int) -> Reply:
        """What only some requests ask for."""
        headers = request.headers
        accepted = headers.get(b"accept-encoding")
        if accepted is not None:
            reply = await compressed(reply, wish_of(accepted))
        identity = request_id(headers.get(HEADER), needed=self._access_log)
        if identity:
            reply = with_id(reply, identity)
        if self._access_log:
            write_line(request, reply, protocol=protocol, identity=identity, received=received)
        return reply
