"""What answers requests: route, endpoint, reply, count. Faults become replies here and nowhere else."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from slipway_runtime.errors import RuntimeFault
from slipway_runtime.rest.errors import INTERNAL, error_reply

if TYPE_CHECKING:
    from slipway_runtime.rest.reply import Reply
    from slipway_runtime.rest.request import Request
    from slipway_runtime.rest.router import Router

_LOG = logging.getLogger(__name__)
_ACCESS = logging.getLogger("slipway_runtime.access")


class App:
    """Answers requests.

    Args:
        router: every path, and where its answers are counted.
        access_log: write a line for each request.
    """

    __slots__ = ("_access_log", "_router")

    def __init__(self, router: Router, *, access_log: bool) -> None:
        self._router = router
        self._access_log = access_log

    async def answer(self, request: Request) -> Reply:
        """One request's reply; raises nothing."""
        answers = None
        try:
            endpoint, request.params, answers = self._router.match(request)
            reply = await endpoint(request)
        except RuntimeFault as fault:
            reply = error_reply(fault)
        except Exception:  # noqa: BLE001 # the client gets an answer, the log gets the traceback
            _LOG.exception("a request failed")
            reply = INTERNAL
        if answers is not None:
            answers.record(reply.status, time.perf_counter() - request.arrived)
        if self._access_log:
            _log(request, reply)
        return reply


def _log(request: Request, reply: Reply) -> None:
    _ACCESS.info(
        "request",
        extra={
            "method": request.method.decode("latin-1"),
            "path": request.target[:200].decode("latin-1").partition("?")[0],
            "status": reply.status,
            "bytes": len(reply.body),
            "seconds": round(time.perf_counter() - request.arrived, 6),
            "client": request.client,
        },
    )
