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
    from slipway_runtime.telemetry.metrics import Answers, Metrics

    Endpoint: TypeAlias = Callable[[Request], Coroutine[Any, Any, Reply]]

REMEMBERED = 1024
_PARAM = re.compile(r"{(\w+)}")
_PATTERNS = {"model": "[^/]+", "version": "[0-9]+"}


class Match(NamedTuple):
    """Where a target leads.

    Attributes:
        endpoint: answers it.
        params: taken from the path.
        answers: where inference requests are counted; None for everything else.
    """

    endpoint: Endpoint
    params: Mapping[str, str]
    answers: Answers | None


class Router:
    """All paths of the server.

    Args:
        serves: true for the name of a model that is served.
        metrics: where inference requests are counted.
    """

    def __init__(self, serves: Callable[[str], bool], metrics: Metrics) -> None:
        self._serves = serves
        self._metrics = metrics
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
            params = {name: _unquoted(text) for name, text in found.groupdict().items()}
            model = params.get("model", "")
            served = self._serves(model)
            match = Match(endpoint, params, self._answers(model if served else "", self._protocols[endpoint]))
            if served and len(self._known) < REMEMBERED:
                self._known[method, target] = match
            return match
        raise NotFound("Not Found")

    def _answers(self, model: str, protocol: str) -> Answers | None:
        """A model that is not served is counted without its name, or clients could invent labels."""
        return self._metrics.answers_of(model, protocol) if protocol else None


def _path(target: bytes) -> str:
    """The path as it was sent. Templates are matched before anything is unquoted: %2F is no slash."""
    try:
        return (httptools.parse_url(target).path or b"").decode("ascii")
    except (httptools.HttpParserError, UnicodeDecodeError):
        raise InvalidRequest("the request's target is not a path") from None


def _unquoted(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise InvalidRequest("the request's target is not UTF-8") from None
