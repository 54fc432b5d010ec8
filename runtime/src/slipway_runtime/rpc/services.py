"""All methods by their paths, and what a call to any other path gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway_runtime.errors import Unsupported
from slipway_runtime.protocol.words import quoted
from slipway_runtime.rpc.calls import StreamCall, Terms, UnaryCall
from slipway_runtime.rpc.messages import method_paths
from slipway_runtime.rpc.method import Method

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway_runtime.rpc.method import Answer, Caller
    from slipway_runtime.rpc.wire import Call


class Services:
    """Finds the method of a call, and begins it.

    Args:
        terms: of every call.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._methods: dict[str, Method] = {}
        self.names: list[str] = []

    def add(self, service: str, methods: Mapping[str, Method], *, package: str = "") -> None:
        """Answer the methods of a service.

        Args:
            service: its full name in the descriptors.
            methods: by name; what is missing is UNIMPLEMENTED.
            package: stands for the service's own, where the same service has an older name.
        """
        paths = method_paths(service)
        name = f"{package}.{service.rpartition('.')[2]}" if package else service
        self.names.append(name)
        for method, answer in methods.items():
            self._methods[paths[method].replace(service, name)] = answer

    def accept(self, call: Call) -> None:
        """A call came."""
        method = self._methods.get(call.path)
        if method is None:
            UnaryCall(call, _UNKNOWN, self._terms).fail(Unsupported(f"unknown method {quoted(call.path)}"))
        elif method.streaming or method.lasting:
            StreamCall(call, method, self._terms).begin()
        else:
            UnaryCall(call, method, self._terms).begin()


def _never(message: bytes, caller: Caller) -> Answer:  # noqa: ARG001 # a method's arguments
    raise Unsupported("unknown method")


_UNKNOWN = Method(_never)
