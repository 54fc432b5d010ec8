"""Targets to endpoints.

Templates are matched once per target: what names a served model is remembered, so that the next request for
it costs one look-up. Other targets are matched each time; nobody can fill the memory by asking for models
that do not exist.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from urllib.parse import unquote

import httptools

from slipway_runtime.errors import InvalidRequest, MethodNotAllowed, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from typing import Any

    from slipway_runtime.rest.reply import Reply
    from slipway_runtime.rest.request import Request

    Endpoint: TypeAlias = Callable[[Request], Coroutine[Any, Any, Reply]]

REMEMBERED = 1024
_PARAM = re.compile(r"{(\w+)}")
_PATTERNS = {"model": "[^/]+", "version": "[0-9]+"}


class Match(NamedTuple):
    """Where a target leads.

    Attributes:
        endpoint: answers it.
        params: taken from the path.
        protocol: the label of inference requests in metrics; empty for everything else.
        model: the served model's name for metrics; empty where it is not served.
    """

    endpoint: Endpoint
    params: Mapping[str, str]
    protocol: str
    model: str


class Router:
    """All paths of the server.

    Args:
        serves: true for the name of a model that is served.
    """

    def __init__(self, serves: Callable[[str], bool]) -> None:
        self._serves = serves
        self._routes: dict[re.Pattern[str], dict[str, Endpoint]] = {}
        self._protocols: dict[Endpoint, str] = {}
        self._known: dict[tuple[bytes, bytes], Match] = {}

    def add(self, method: str, template: str, endpoint: Endpoint, protocol: str = "") -> None:
        """Let an endpoint answer a method on a path such as /v2/models/{model}/infer."""
        expression = _PARAM.sub(lambda name: f"(?P<{name[1]}>{_PATTERNS[name[1]]})", template)
        self._routes.setdefault(re.compile(expression), {})[method] = endpoint
        self._protocols[endpoint] = protocol

    def match(self, request: Request) -> Match:
        """The endpoint of a request.

        Raises:
            RequestFault: the one that was found while it was read, if any.
            InvalidRequest: the target is no path.
            NotFound: no such path.
            MethodNotAllowed: the path has other methods.
        """
        if request.fault is not None:
            raise request.fault
        key = (request.method, request.target)
        return self._known.get(key) or self._search(*key)

    def _search(self, method: bytes, target: bytes) -> Match:
        path, verb = _path(target), method.decode("latin-1")
        for pattern, endpoints in self._routes.items():
            found = pattern.fullmatch(path)
            if found is None:
                continue
            endpoint = endpoints.get(verb) or (endpoints.get("GET") if verb == "HEAD" else None)
            if endpoint is None:
                raise MethodNotAllowed(tuple(sorted(endpoints)))
            params = found.groupdict()
            model = params.get("model", "")
            served = self._serves(model)
            match = Match(endpoint, params, self._protocols[endpoint], model if served else "")
            if served and len(self._known) < REMEMBERED:
                self._known[method, target] = match
            return match
        raise NotFound("Not Found")


def _path(target: bytes) -> str:
    try:
        return unquote((httptools.parse_url(target).path or b"").decode("ascii"), errors="strict")
    except (httptools.HttpParserError, UnicodeDecodeError):
        raise InvalidRequest("the request's target is not a path") from None
