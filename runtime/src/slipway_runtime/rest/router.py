"""Paths to endpoints.

Templates are matched once per path: what names a served model is remembered, so that the next request for
it costs one look-up. Other paths are matched each time; nobody can fill the memory by asking for models
that do not exist.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from slipway_runtime.errors import MethodNotAllowed, NotFound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from slipway_runtime.rest.reply import Reply
    from slipway_runtime.rest.request import Request

    Endpoint: TypeAlias = Callable[[Request], Awaitable[Reply]]

REMEMBERED = 1024
_PARAM = re.compile(r"{(\w+)}")
_PATTERNS = {"model": "[^/]+", "version": "[0-9]+"}


class Match(NamedTuple):
    """Where a path leads.

    Attributes:
        endpoint: answers it.
        params: taken from the path.
        protocol: the label of inference requests in metrics; empty for everything else.
    """

    endpoint: Endpoint
    params: Mapping[str, str]
    protocol: str


class Router:
    """All paths of the server.

    Args:
        serves: true for the name of a model that is served.
    """

    def __init__(self, serves: Callable[[str], bool]) -> None:
        self.serves = serves
        self._routes: list[tuple[re.Pattern[str], dict[str, Endpoint], str]] = []
        self._known: dict[tuple[str, str], Match] = {}

    def add(self, method: str, template: str, endpoint: Endpoint, protocol: str = "") -> None:
        """Let an endpoint answer a method on a path such as /v2/models/{model}/infer."""
        expression = _PARAM.sub(lambda name: f"(?P<{name[1]}>{_PATTERNS[name[1]]})", template)
        pattern = re.compile(expression)
        for known, endpoints, _ in self._routes:
            if known == pattern:
                endpoints[method] = endpoint
                return
        self._routes.append((pattern, {method: endpoint}, protocol))

    def resolve(self, method: str, path: str) -> Match:
        """The endpoint of a request.

        Raises:
            NotFound: no such path.
            MethodNotAllowed: the path has other methods.
        """
        return self._known.get((method, path)) or self._search(method, path)

    def _search(self, method: str, path: str) -> Match:
        for pattern, endpoints, protocol in self._routes:
            found = pattern.fullmatch(path)
            if found is None:
                continue
            endpoint = endpoints.get(method) or (endpoints.get("GET") if method == "HEAD" else None)
            if endpoint is None:
                raise MethodNotAllowed(tuple(sorted(endpoints)))
            match = Match(endpoint, found.groupdict(), protocol)
            if self.serves(match.params.get("model", "")) and len(self._known) < REMEMBERED:
                self._known[method, path] = match
            return match
        raise NotFound("Not Found")
