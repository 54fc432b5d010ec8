"""gRPC's C core, driven through the Cython layer of its Python library. The only module that imports it.

The library's public server gives each call a thread from a pool and wakes it several times; it answers with
initial metadata only at the price of another round, cannot set a call aside while the engine works, and holds
a thread for each open stream. The layer beneath has none of this: a completion queue tells that a call came,
that its message is here, that an answer went out, and a few threads take these events. A small inference runs
from the first byte to the last on the thread that took its message. Measured with 8 callers: 210 µs of CPU a
call, against 365 (407 with initial metadata).

That layer is not a published interface, so all use of it is here, in a few lines, and the version is bounded
in pyproject.toml; tests speak to it through the public client.
"""

from __future__ import annotations

import logging
import time
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

from grpc._cython import cygrpc

from slipway_runtime.errors import Failure, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_LOG = logging.getLogger(__name__)
_SHUTDOWN = cygrpc.CompletionType.queue_shutdown
Metadata = tuple[tuple[str, str], ...]


class Call:
    """One call: the operations that the server can do with it. Each ends in an event, told to `then`.

    Args:
        event: told that the call came.
    """

    __slots__ = ("_call", "_deadline", "_metadata", "path")

    def __init__(self, event: Any) -> None:
        self._call = event.call
        self._deadline: float = event.call_details.deadline
        self._metadata: Metadata = event.invocation_metadata
        self.path: str = event.call_details.method.decode("latin-1")

    def seconds(self) -> float:
        """Until the client's deadline; endless without one."""
        return self._deadline - time.time()

    def metadata(self, wanted: str) -> str:
        """The client's metadata of this name; empty when there is none."""
        for key, value in self._metadata:
            if key == wanted:
                return value
        return ""

    def peer(self) -> str:
        """The client's address."""
        return str(self._call.peer().decode("latin-1"))

    def watch(self, then: Callable[[bool], None]) -> None:
        """Learn how it ended: true when the client cancelled or left."""
        self._start((cygrpc.ReceiveCloseOnServerOperation(0),), lambda event: then(_cancelled(event)))

    def receive(self, then: Callable[[bytes | None], None]) -> None:
        """Receive a message; None when there is no more."""
        self._start(
            (cygrpc.ReceiveMessageOperation(0),), lambda event: then(event.batch_operations[0].message())
        )

    def send(self, metadata: Metadata | None, message: bytes, then: Callable[[], None]) -> None:
        """Send one message of several; initial metadata goes with the first."""
        operations = [cygrpc.SendMessageOperation(message, 0)]
        if metadata is not None:
            operations.insert(0, cygrpc.SendInitialMetadataOperation(metadata, 0))
        self._start(operations, lambda _: then())

    def finish(self, metadata: Metadata | None, message: bytes | None, code: int, text: str) -> None:
        """Send the status, and with it what was not sent yet."""
        operations = [cygrpc.SendStatusFromServerOperation(None, code, text.encode(), 0)]
        if message is not None:
            operations.insert(0, cygrpc.SendMessageOperation(message, 0))
        if metadata is not None:
            operations.insert(0, cygrpc.SendInitialMetadataOperation(metadata, 0))
        self._start(operations, _ignore)

    def _start(self, operations: Sequence[Any], then: Callable[[Any], None]) -> None:
        self._call.start_server_batch(operations, then)


class Listener:
    """Ports, the completion queue, and the threads that take its events.

    Args:
        accept: called with each call, on one of the threads.
        options: of the C core.
        threads: how many take events.
    """

    def __init__(
        self, accept: Callable[[Call], None], options: Sequence[tuple[str, int]], threads: int
    ) -> None:
        self._accept = accept
        self._threads = threads
        self._queue = cygrpc.CompletionQueue()
        self._server = cygrpc.Server(tuple(options), False)
        self._server.register_completion_queue(self._queue)
        self._stopping = False
        self._stopped = Event()
        self._ending = Lock()  # an idle server's end is told while the core still begins it

    def bind(self, host: str, port: int) -> int:
        """Take a port, before the start; returns its number.

        Raises:
            Failure: StartFailed.
        """
        shown = f"[{host}]" if ":" in host else host or "[::]"
        found: int = self._server.add_http2_port(f"{shown}:{port}".encode())
        if not found:
            raise Failure(
                Reason.START_FAILED,
                f"cannot listen for gRPC on {host or '*'}:{port}: the port is taken or the address is not "
                "this machine's; give another with --grpc-port, or -1 for none",
            )
        return found

    def start(self) -> None:
        """Take calls from now on."""
        self._server.start()
        for number in range(self._threads):
            self._request()
            Thread(target=self._run, name=f"grpc-{number}", daemon=True).start()

    def stop(self) -> None:
        """Close the ports and let clients know (GOAWAY); calls that are here go on."""
        with self._ending:
            self._stopping = True
            self._server.shutdown(self._queue, self._shut_down)

    def wait(self, seconds: float) -> bool:
        """Wait for the last call, after `stop`; false when time ran out first."""
        return self._stopped.wait(seconds)

    def cancel(self) -> None:
        """Cut off the calls that are left."""
        with self._ending:
            if not self._stopped.is_set():
                self._server.cancel_all_calls()

    def _request(self) -> None:
        self._server.request_call(self._queue, self._queue, self._arrived)

    def _arrived(self, event: Any) -> None:
        if not event.success:
            return  # the server is being shut down
        with self._ending:
            if not self._stopping:  # asking a server that shuts down is an error, and this call would be lost
                self._request()
        self._accept(Call(event))

    def _shut_down(self, _: Any) -> None:
        with self._ending:
            self._server.destroy()
            self._queue.shutdown()
            self._stopped.set()

    def _run(self) -> None:
        """The life of a thread."""
        while True:
            event = self._queue.poll()
            if event.completion_type == _SHUTDOWN:
                return
            try:
                event.tag(event)
            except Exception:  # noqa: BLE001 # the thread must outlive any fault
                _LOG.exception("a gRPC event failed")
            del event  # it holds its call, which would stay half open until the next event


def _cancelled(event: Any) -> bool:
    return bool(event.batch_operations[0].cancelled())


def _ignore(_: Any) -> None:
    """Sent, or nobody left to send it to."""
