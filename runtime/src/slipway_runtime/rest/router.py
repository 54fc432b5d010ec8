"""Targets to endpoints.

Templates are matched once per target: what names a served model is remembered, so that the next request for
it costs one look-up. Other targets are matched each time; nobody can fill the memory by asking for models
that do not exist.

Fixed paths win: a template that begins with a model's name is tried last, and only for models that are
served. So a model called `predict` does not take the path /predict away.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
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
_ANY = "[^/]+"
_COLON = "(?::|%3[Aa])"  # some clients quote the colon of `iris:predict`


class Match(NamedTuple):
    """Where a target leads.

    Attributes:
        endpoint: answers it.
        params: taken from the path.
        answers: where inference requests are counted; None for everything else.
        protocol: of inference requests; empty for everything else.
    """

    endpoint: Endpoint
    params: Mapping[str, str]
    answers: Answers | None
    protocol: str


@dataclass(slots=True)
class _Route:
    """A path and what answers there.

    Attributes:
        pattern: of the whole path.
        bare: it begins with a model's name.
        verbs: endpoint, protocol and the model that a path without a name stands for; by method.
    """

    pattern: re.Pattern[str]
    bare: bool
    verbs: dict[str, tuple[Endpoint, str, str]] = field(default_factory=dict)


class Router:
    """All paths of the server.

    Args:
        serves: true for the name of a model that is served.
        metrics: where inference requests are counted.
    """

    def __init__(self, serves: Callable[[str], bool], metrics: Metrics) -> None:
        self._serves = serves
        self._metrics = metrics
        self._routes: dict[str, _Route] = {}
        self._known: dict[tuple[bytes, bytes], Match] = {}

    def add(
        self, method: str, template: str, endpoint: Endpoint, protocol: str = "", *, model: str = ""
    ) -> None:
        """Let an endpoint answer a method on a path such as /v2/models/{model}/infer.

        Args:
            method: of HTTP.
            template: the path; {model}, {version} or another word in braces stands for one segment of it.
            endpoint: answers.
            protocol: inference requests are counted under it; empty for everything else.
            model: the one that a path without {model} stands for.
        """
        route = self._routes.get(template)
        if route is None:
            route = _Route(_pattern(template), template.startswith("/{model}"))
            self._routes[template] = route
            self._routes = dict(sorted(self._routes.items(), key=lambda item: item[1].bare))
        route.verbs[method] = (endpoint, protocol, model)

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
        for route in self._routes.values():
            found = route.pattern.fullmatch(path)
            if found is None:
                continue
            params = {name: _unquoted(text) for name, text in found.groupdict().items()}
            if route.bare and not self._serves(params["model"]):
                continue
            chosen = route.verbs.get(verb) or (route.verbs.get("GET") if verb == "HEAD" else None)
            if chosen is None:
                raise MethodNotAllowed(tuple(sorted(route.verbs)))
            return self._matched((method, target), chosen, params)
        raise NotFound("Not Found")

    def _matched(
        self, key: tuple[bytes, bytes], chosen: tuple[Endpoint, str, str], params: dict[str, str]
    ) -> Match:
        endpoint, protocol, stands_for = chosen
        model = params.setdefault("model", stands_for)
        served = self._serves(model)
        match = Match(endpoint, params, self._answers(model if served else "", protocol), protocol)
        if served and len(self._known) < REMEMBERED:
            self._known[key] = match
        return match

    def _answers(self, model: str, protocol: str) -> Answers | None:
        """A model that is not served is counted without its name, or clients could invent labels."""
        return self._metrics.answers_of(model, protocol) if protocol else None


def _pattern(template: str) -> re.Pattern[str]:
    expression = _PARAM.sub(lambda name: f"(?P<{name[1]}>{_PATTERNS.get(name[1], _ANY)})", template)
    return re.compile(re.sub(r":(?=\w+$)", _COLON, expression))


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
