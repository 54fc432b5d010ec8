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
    from slipway_runtime.rest.router import Match, Router
    from slipway_runtime.telemetry.metrics import Metrics

_LOG = logging.getLogger(__name__)
_ACCESS = logging.getLogger("slipway_runtime.access")


class App:
    """Answers requests.

    Args:
        router: every path.
        metrics: counts inference requests.
        access_log: write a line for each request.
    """

    __slots__ = ("_access_log", "_metrics", "_router")

    def __init__(self, router: Router, metrics: Metrics, *, access_log: bool) -> None:
        self._router = router
        self._metrics = metrics
        self._access_log = access_log

    async def answer(self, request: Request) -> Reply:
        """One request's reply; raises nothing."""
        metrics = self._metrics
        metrics.in_flight += 1
        match: Match | None = None
        try:
            match = self._router.match(request)
            request.params = match.params
            reply = await match.endpoint(request)
        except RuntimeFault as fault:
            reply = error_reply(fault)
        except Exception:  # noqa: BLE001 # the client gets an answer, the log gets the traceback
            _LOG.exception("a request failed")
            reply = INTERNAL
        finally:
            metrics.in_flight -= 1
        seconds = time.perf_counter() - request.arrived
        if match is not None and match.answers is not None:
            match.answers.record(reply[0], seconds)
        if self._access_log:
            _log(request, reply, seconds)
        return reply


def _log(request: Request, reply: Reply, seconds: float) -> None:
    _ACCESS.info(
        "request",
        extra={
            "method": request.method.decode("latin-1"),
            "path": request.target[:200].decode("latin-1").partition("?")[0],
            "status": reply.status,
            "bytes": len(reply.body),
            "seconds": round(seconds, 6),
            "client": request.client,
        },
    )
