"""The gRPC server, from its first call to its last.

As over HTTP, the end has steps: for the drain's time nothing closes and everything is answered; then the
ports close and clients are told (GOAWAY), streams end with UNAVAILABLE after their current answer, and what
is in flight is finished, up to a request's time; whatever is left is cut off.

During the drain clients have to find their way to other pods, and an HTTP/2 connection can be kept for ever.
gRPC can ask a client to reconnect only by a connection's age, fixed at the start: so every connection is
asked, politely and without losing a call, when it is as old as three fifths of the drain. That also spreads
clients over pods that came later, which a long-lived connection through a Service otherwise never does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from slipway_runtime.rpc import health, reflection, tfs, v2
from slipway_runtime.rpc.calls import Streams, Terms
from slipway_runtime.rpc.health import Health
from slipway_runtime.rpc.inference import Inferences
from slipway_runtime.rpc.reflection import Reflection
from slipway_runtime.rpc.services import Services
from slipway_runtime.rpc.tfs import TfServing
from slipway_runtime.rpc.v2 import InferenceService
from slipway_runtime.rpc.wire import Listener

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from slipway_runtime.dataplane import DataPlane
    from slipway_runtime.telemetry.metrics import Metrics

THREADS = 2  # one runs, one takes what comes meanwhile; more of them only switch more often
MAX_AGE_SECONDS = 300.0
AGE_OF_DRAIN = 0.6  # the C core spreads ages by a tenth; endpoints are elsewhere after a quarter of the drain
LEAST_PING_MS = 5_000


class Conditions(NamedTuple):
    """What holds for the whole server.

    Attributes:
        revision: sent with every answer as initial metadata.
        request_seconds: for one message.
        drain_seconds: of the lame duck.
        max_message_bytes: a longer message is refused, RESOURCE_EXHAUSTED.
        labels: that stand for the served version.
        access_log: write a line for each inference.
    """

    revision: str
    request_seconds: float
    drain_seconds: float
    max_message_bytes: int
    labels: Sequence[str] = ()
    access_log: bool = False


class GrpcServer:
    """All services on one listener.

    Args:
        dataplane: what answers.
        metrics: told about each inference.
        loop: where requests wait for the engine.
        conditions: see there.
    """

    def __init__(
        self, dataplane: DataPlane, metrics: Metrics, loop: asyncio.AbstractEventLoop, conditions: Conditions
    ) -> None:
        self._streams = Streams()
        metadata = (("x-slipway-revision", conditions.revision),)
        services = Services(Terms(metadata, conditions.request_seconds, self._streams))
        inferences = Inferences(dataplane, metrics, loop, access_log=conditions.access_log)
        tf_serving = TfServing(dataplane, inferences, conditions.labels)
        services.add(v2.SERVICE, InferenceService(dataplane, inferences, metrics).methods())
        services.add(tfs.PREDICTION, tf_serving.prediction_methods())
        services.add(tfs.MODEL, tf_serving.model_methods())
        self._health = Health(dataplane.ready, ("", *services.names))
        services.add(health.SERVICE, self._health.methods())
        reflect = Reflection(services.names).methods()
        services.add(reflection.SERVICE, reflect)
        services.add(reflection.SERVICE, reflect, package=reflection.OLDER_PACKAGE)
        self._listener = Listener(services.accept, _options(conditions), THREADS)

    def start(self, host: str, ports: Sequence[int]) -> list[int]:
        """Listen; returns the ports.

        Raises:
            Failure: StartFailed; a port is taken or not ours to take.
        """
        found = [self._listener.bind(host, port) for port in ports]
        self._listener.start()
        return found

    def ready(self) -> None:
        """The model answers from now on: tell who watches."""
        self._health.changed()

    def finish(self, seconds: float) -> bool:
        """After the drain: close the ports, end streams, wait for the rest; false where some was cut off.

        Args:
            seconds: for what is in flight. Blocks as long.
        """
        self._listener.stop()
        self._streams.leave()
        if self._listener.wait(seconds):
            return True
        self._listener.cancel()
        return False


def _options(conditions: Conditions) -> list[tuple[str, int]]:
    options = [
        ("grpc.so_reuseport", 0),  # a port that is taken is an error, not a port to share
        ("grpc.max_receive_message_length", conditions.max_message_bytes),
        ("grpc.max_send_message_length", -1),
        # clients that keep their connections alive by pings are welcome
        ("grpc.http2.min_ping_interval_without_data_ms", LEAST_PING_MS),
        ("grpc.keepalive_permit_without_calls", 1),
    ]
    if conditions.drain_seconds > 0:
        age = min(max(conditions.drain_seconds * AGE_OF_DRAIN, 1.0), MAX_AGE_SECONDS)
        options.append(("grpc.max_connection_age_ms", int(age * 1000)))
    return options
