"""One inference, whatever the protocol: decode, run, encode, count.

What is small runs on the thread that took the message, or joins those that came while another of them ran.
Everything else is handed to the event loop, where the one queue is, and answered from there: no thread waits
for the engine.
"""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from slipway_runtime.errors import RuntimeFault
from slipway_runtime.rpc.status import Code, code_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway_runtime.dataplane import DataPlane
    from slipway_runtime.protocol.messages import InferenceRequest, InferenceResult
    from slipway_runtime.rpc.method import Caller
    from slipway_runtime.telemetry.metrics import Metrics

LONGEST = 200  # characters of what a client sent, in the access log
_LOG = logging.getLogger(__name__)
_ACCESS = logging.getLogger("slipway_runtime.access")


class Codec(NamedTuple):
    """How one protocol's inferences look.

    Attributes:
        protocol: its label in metrics.
        path: of the method, for the access log.
        decode: a message to a request, and what the answer's form depends on.
        encode: a result, and what decode gave besides, to a message.
    """

    protocol: str
    path: str
    decode: Callable[[bytes], tuple[InferenceRequest, Any]]
    encode: Callable[[InferenceResult, Any], bytes]


class Asked(NamedTuple):
    """A message on its way to its answer.

    Attributes:
        codec: of its protocol.
        caller: who waits.
        size: of the message, in bytes.
        model: that it names; empty where it could not be decoded.
    """

    codec: Codec
    caller: Caller
    size: int
    model: str


class Inferences:
    """Runs inferences.

    Args:
        dataplane: what answers.
        metrics: told about each answer.
        loop: where requests wait for the engine.
        access_log: write a line for each request.
    """

    def __init__(
        self, dataplane: DataPlane, metrics: Metrics, loop: asyncio.AbstractEventLoop, *, access_log: bool
    ) -> None:
        self._dataplane = dataplane
        self._metrics = metrics
        self._loop = loop
        self._access_log = access_log
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self, codec: Codec, message: bytes, caller: Caller) -> None:
        """Answer a message: the caller is told, now or later, on this thread or on another.

        Raises:
            RuntimeFault: why it is not let in; the caller is not told then.
        """
        model = ""
        try:
            request, rest = codec.decode(message)
            model = request.model
            asked = Asked(codec, caller, len(message), model)
            answer = partial(self._answer, asked, rest)
            if not self._dataplane.infer_here(request, _deadline(request, caller), caller.gone, answer):
                self._loop.call_soon_threadsafe(self._begin, asked, request, rest)
        except Exception as fault:
            self._count(Asked(codec, caller, len(message), model), code_of(fault), 0)
            raise

    def _begin(self, asked: Asked, request: InferenceRequest, rest: Any) -> None:
        """On the event loop from here on."""
        task = self._loop.create_task(self._finish(asked, request, rest))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish(self, asked: Asked, request: InferenceRequest, rest: Any) -> None:
        caller = asked.caller
        outcome: InferenceResult | BaseException
        self._metrics.in_flight += 1
        try:
            try:
                outcome = await self._dataplane.infer(request, _deadline(request, caller), caller.gone)
            except Exception as fault:  # noqa: BLE001 # it is the caller's
                outcome = fault
            self._answer(asked, rest, outcome)
        finally:
            self._metrics.in_flight -= 1

    def _answer(self, asked: Asked, rest: Any, outcome: InferenceResult | BaseException) -> None:
        """Tell the caller; raises nothing, because other callers may be next on this thread."""
        try:
            self._send(asked, rest, outcome)
        except Exception:  # noqa: BLE001 # one caller's bad end must not be its neighbours'
            _LOG.exception("a gRPC answer could not be sent")

    def _send(self, asked: Asked, rest: Any, outcome: InferenceResult | BaseException) -> None:
        try:
            if isinstance(outcome, BaseException):
                raise outcome  # noqa: TRY301 # both kinds of fault end below
            answer = asked.codec.encode(outcome, rest)
        except BaseException as fault:  # noqa: BLE001 # the client gets an answer, the log gets the traceback
            if not isinstance(fault, RuntimeFault):
                _LOG.exception("a gRPC request failed")
            self._count(asked, code_of(fault), 0)
            asked.caller.fail(fault)
        else:
            self._count(asked, Code.OK, len(answer))
            asked.caller.reply(answer)

    def _count(self, asked: Asked, code: Code, sent: int) -> None:
        """A model that is not served is counted without its name, or clients could invent labels."""
        codec, caller, received, model = asked
        known = model if self._dataplane.serves(model) else ""
        seconds = time.perf_counter() - caller.arrived
        self._metrics.answers_of(known, codec.protocol).record(int(code), seconds, received, sent)
        if self._access_log:
            _ACCESS.info(
                "request",
                extra={
                    "method": "gRPC",
                    "path": codec.path,
                    "model": model[:LONGEST],
                    "protocol": codec.protocol,
                    "code": int(code),
                    "request_id": caller.request_id,
                    "seconds": round(seconds, 6),
                    "bytes_in": received,
                    "bytes_out": sent,
                    "client": caller.client(),
                },
            )


def _deadline(request: InferenceRequest, caller: Caller) -> float:
    """The server's, the client's, or the one that stands in the request: the first to come."""
    return min(caller.deadline, caller.arrived + request.seconds) if request.seconds else caller.deadline
