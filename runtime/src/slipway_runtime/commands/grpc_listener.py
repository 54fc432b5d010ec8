"""gRPC's part of `serve`: started on a thread once HTTP listens, because its library takes long to import."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slipway_runtime.dataplane import DataPlane
    from slipway_runtime.rpc.server import GrpcServer
    from slipway_runtime.settings import ServeSettings
    from slipway_runtime.telemetry.metrics import Metrics

OFF = -1
_LOG = logging.getLogger(__name__)


class GrpcListener:
    """The gRPC server, if it is wanted.

    Args:
        settings: all of them.
        dataplane: what answers.
        metrics: told about each inference.
    """

    def __init__(self, settings: ServeSettings, dataplane: DataPlane, metrics: Metrics) -> None:
        self._settings = settings
        self._dataplane = dataplane
        self._metrics = metrics
        self._server: GrpcServer | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Listen; called on a thread.

        Raises:
            Failure: StartFailed.
        """
        settings = self._settings
        wanted = [settings.grpc_port] if settings.grpc_port != OFF else []
        if settings.tf_serving_grpc_port:
            wanted.append(settings.tf_serving_grpc_port)
        if not wanted:
            return
        from slipway_runtime.rpc.server import Conditions, GrpcServer  # noqa: PLC0415 # see above

        conditions = Conditions(
            settings.revision,
            settings.request_timeout_seconds,
            settings.drain_seconds,
            settings.grpc_max_message_bytes,
            settings.version_labels.split(","),
            settings.access_log,
        )
        self._server = GrpcServer(self._dataplane, self._metrics, loop, conditions)
        ports = self._server.start(settings.host, wanted)
        _LOG.info("listening for gRPC", extra={"grpc_port": ports[0], "ports": ports})

    def ready(self) -> None:
        """The model answers from now on."""
        if self._server is not None:
            self._server.ready()

    async def finish(self, seconds: float) -> None:
        """Close the ports and finish what is in flight; it is cut off after so many seconds."""
        if self._server is not None and not await asyncio.to_thread(self._server.finish, seconds):
            _LOG.warning("time is over, gRPC calls are cut off")
