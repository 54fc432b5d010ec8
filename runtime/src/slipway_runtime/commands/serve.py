"""`slipway-runtime serve`: puts the server together and runs it from start to end.

In this order, so that each thing is there as early as it can be: the probes' port, the pull and load on a
thread, the listener (which answers 503 until the model is ready), READY, and on a signal the drain
(rest.server has its steps).
"""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
import time
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import uvloop

from slipway_runtime.commands import memory
from slipway_runtime.commands.exits import EXIT_CODES
from slipway_runtime.commands.grpc_listener import GrpcListener
from slipway_runtime.commands.pull import puller_of
from slipway_runtime.commands.stop import Stop
from slipway_runtime.commands.termination import write_termination_message
from slipway_runtime.dataplane import DataPlane
from slipway_runtime.engines.parameters import ModelParameters
from slipway_runtime.errors import Failure
from slipway_runtime.lifecycle.bring_up import Plan, bring_up
from slipway_runtime.lifecycle.lame_duck import LameDuck
from slipway_runtime.lifecycle.model import VERSION, Model
from slipway_runtime.lifecycle.service import Capacity, into_service, trial
from slipway_runtime.lifecycle.state import ModelState
from slipway_runtime.probes import Probes
from slipway_runtime.rest.app import App
from slipway_runtime.rest.connection import Shared
from slipway_runtime.rest.protocols import add_protocols
from slipway_runtime.rest.router import Router
from slipway_runtime.rest.server import HttpServer, bind
from slipway_runtime.rest.v2 import V2Endpoints
from slipway_runtime.settings import termination_log
from slipway_runtime.telemetry import log
from slipway_runtime.telemetry.metrics import Metrics
from slipway_runtime.telemetry.prometheus import render

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway_runtime.engines.engine import Engine
    from slipway_runtime.engines.warm_up import WarmUp
    from slipway_runtime.scheduling.batching import Batching
    from slipway_runtime.settings import ServeSettings

T = TypeVar("T")
ANSWERING_SECONDS: Final = 1.0
"""A request that came as the drain ended, and whose own time runs out, is still told so."""

LOOK_SECONDS: Final = 0.05
LONG_AFTER_SECONDS: Final = 2.0
"""Beyond the drain's time: nodes or clients that still send here have not heard that the pod goes."""

_LOG = logging.getLogger(__name__)


def serve(settings: ServeSettings) -> int:
    """Serve until a signal ends it; returns the exit code."""
    log.configure()
    np.seterr(over="ignore")  # a number that a float cannot hold becomes infinity, without a warning
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(Serving(settings).run())
    except Failure as failure:
        _LOG.error("cannot serve", extra={"reason": str(failure.reason), "cause": failure.message})
        write_termination_message(termination_log(settings), failure.reason, failure.message)
        return _exit(EXIT_CODES[failure.reason])
    return _exit(0)


class Serving:
    """The parts of one server.

    Args:
        settings: all of them.
    """

    def __init__(self, settings: ServeSettings) -> None:
        self._settings = settings
        self._metrics = Metrics(
            facts={"model": settings.model_name, "version": VERSION, "revision": settings.revision}
        )
        self._model = Model(settings.model_name)
        self._stop = Stop()
        self._http = self._http_server()
        self._grpc = GrpcListener(settings, DataPlane((self._model,)), self._metrics)

    async def run(self) -> None:
        """From start to end.

        Raises:
            Failure: why it cannot serve.
        """
        settings = self._settings
        loop = asyncio.get_running_loop()
        self._stop.listen(loop)
        probes = bind(settings.host, settings.probe_port)
        Probes(self._missing, self._metrics_text).start(probes)
        loading = self._load(loop)
        port = await self._http.start(settings.host, settings.http_port)
        if settings.tf_serving_rest_port:
            await self._http.start(settings.host, settings.tf_serving_rest_port)
        _LOG.info("listening", extra={"http_port": port, "probe_port": probes.getsockname()[1]})
        grpc = _on_thread(loop, lambda: self._grpc.start(loop))
        starting = asyncio.gather(loading, grpc)
        if await _first(starting, self._stop.asked):
            self._ready(loop, *starting.result()[0])
            await self._stop.asked.wait()
            await self._drain()
        self._model.lifecycle.advance(ModelState.STOPPED)

    def _http_server(self) -> HttpServer:
        settings = self._settings
        dataplane = DataPlane((self._model,))
        router = Router(dataplane.serves, self._metrics)
        V2Endpoints(dataplane, self._metrics).add_to(router)
        add_protocols(router, dataplane, self._metrics, settings.version_labels.split(","))
        shared = Shared(
            App(router, access_log=settings.access_log, max_body=settings.max_body_bytes),
            self._metrics,
            settings.max_body_bytes,
            settings.request_timeout_seconds,
            settings.keep_alive_seconds,
        )
        return HttpServer(shared, f"x-slipway-revision: {settings.revision}\r\n".encode())

    def _load(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[tuple[Engine, WarmUp, Batching]]:
        settings = self._settings
        folder = settings.model_dir or tempfile.mkdtemp(prefix="slipway-model-")
        plan = Plan(
            Path(folder),
            settings.implementation,
            settings.model_uri,
            settings.model_digest,
            ModelParameters.parse(settings.parameters),
            Path(settings.converted_dir) if settings.converted_dir else None,
            settings.intra_op_threads,
        )
        puller = puller_of(settings)

        def load() -> tuple[Engine, WarmUp, Batching]:
            engine, warmed = bring_up(plan, self._model.lifecycle, puller, self._metrics)
            return engine, warmed, trial(engine, warmed, settings.max_batch_size, self._metrics)

        return _on_thread(loop, load)

    def _ready(
        self, loop: asyncio.AbstractEventLoop, engine: Engine, warmed: WarmUp, batching: Batching
    ) -> None:
        settings = self._settings
        capacity = Capacity(settings.threads, settings.max_queue, settings.intra_op_threads)
        into_service(
            self._model,
            engine,
            inline_elements=warmed.inline_elements,
            batching=batching,
            capacity=capacity,
            metrics=self._metrics,
            loop=loop,
        )
        memory.settle()
        self._model.lifecycle.advance(ModelState.READY)
        self._grpc.ready()
        _LOG.info(
            "ready",
            extra={
                "model": self._model.name,
                "run_seconds": round(warmed.seconds, 6),
                "load_seconds": self._metrics.load_seconds,
            },
        )

    async def _drain(self) -> None:
        settings, stop = self._settings, self._stop
        self._model.lifecycle.advance(ModelState.DRAINING)
        self._http.begin_drain()
        longer = await self._while_asked()
        seconds = settings.request_timeout_seconds - longer + ANSWERING_SECONDS
        finishing = asyncio.gather(self._http.finish(seconds), self._grpc.finish(seconds))
        if not await _first(finishing, stop.now):
            finishing.cancel()

    async def _while_asked(self) -> float:
        """Serve until nobody asks any more, or somebody hurries; returns seconds beyond the drain's time."""
        settings, hurry = self._settings, self._stop.hurry
        duck = LameDuck(settings.drain_seconds, settings.request_timeout_seconds)
        begun, elapsed = time.monotonic(), 0.0
        while not hurry.is_set() and not duck.over(elapsed, self._metrics.answered()):
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await hurry.wait()
            except TimeoutError:
                pass
            elapsed = time.monotonic() - begun
        longer = max(0.0, elapsed - settings.drain_seconds)
        if longer > LONG_AFTER_SECONDS:
            _LOG.warning("clients still came after the drain", extra={"seconds": round(longer, 3)})
        return longer

    def _missing(self) -> str:
        """What keeps the server from being ready; empty when it is."""
        lifecycle = self._model.lifecycle
        return "" if lifecycle.serving else f"model '{self._model.name}' is {lifecycle.state}"

    def _metrics_text(self) -> str:
        state = self._model.lifecycle.state
        return render(self._metrics, {str(known): known is state for known in ModelState})


def _on_thread(loop: asyncio.AbstractEventLoop, work: Callable[[], T]) -> asyncio.Future[T]:
    """Run work on a thread that does not keep the process from ending."""
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type] # without an error there is a result

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 # it is the waiter's, whatever it is
            loop.call_soon_threadsafe(settle, None, error)
        else:
            loop.call_soon_threadsafe(settle, result, None)

    Thread(target=run, name="bring-up", daemon=True).start()
    return future


async def _first(future: asyncio.Future[Any], event: asyncio.Event) -> bool:
    """Wait for either; true when the future is done."""
    waiting: asyncio.Future[Any] = asyncio.ensure_future(event.wait())
    await asyncio.wait({future, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    return future.done()


def _exit(code: int) -> int:
    """End now: an engine thread that is still at work must not turn a clean stop into a crash."""
    logging.shutdown()
    os._exit(code)
