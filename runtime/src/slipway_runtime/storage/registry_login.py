"""Logging in to a registry: nothing is sent before the registry asks, and only what is meant for its host.

Credentials are those of a docker config.json: the file in DOCKER_CONFIG or ~/.docker, the variable
DOCKER_AUTH_CONFIG with the same content, or `.dockerconfigjson`, which an image pull secret becomes when it
is given as environment. They are looked up by the host in the model's URI. A registry that wants a token
names who gives it (its realm): the credentials go there over TLS, or over plain HTTP only where the
registry itself is spoken to so and is the same host.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.storage.uri import ModelUri, parse_uri
from slipway_runtime.storage.web_client import origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slipway_runtime.storage.source import Budget
    from slipway_runtime.storage.web_client import Answer, HttpClient

MAX_TOKEN_ANSWER = 256 * 1024
_UNAUTHORIZED = 401
_OK = 200
_PARAMETER = re.compile(r'(\w+)="([^"]{0,2000})"')
_HUB = ("https://index.docker.io/v1/", "index.docker.io", "registry-1.docker.io")


class RegistryLogin:
    """Who we are at one registry.

    Args:
        host: as in the model's URI.
        repository: asked for in tokens.
        environ: where the config is looked up.

    Raises:
        PullFailure: InvalidSettings; the config cannot be read.
    """

    def __init__(self, host: str, repository: str, environ: Mapping[str, str]) -> None:
        self._repository = repository
        self._basic = _credentials(host, _config(environ))
        self._header: dict[str, str] = {}

    @contextmanager
    def get(
        self, client: HttpClient, uri: ModelUri, budget: Budget, headers: Mapping[str, str]
    ) -> Iterator[Answer]:
        """Ask; where the registry wants to know who asks, log in and ask once more."""
        with client.get(uri, budget, headers, self._header) as answer:
            asked_by_registry = answer.uri.authority == uri.authority
            if answer.status != _UNAUTHORIZED or not asked_by_registry:
                yield answer
                return
            challenge = answer.headers.get("www-authenticate", "")
        self._header = self._answer_to(challenge, client, uri, budget)
        with client.get(uri, budget, headers, self._header) as answer:
            yield answer

    def _answer_to(self, challenge: str, client: HttpClient, uri: ModelUri, budget: Budget) -> dict[str, str]:
        basic = {"authorization": f"Basic {self._basic}"} if self._basic else {}
        kind, _, rest = challenge.partition(" ")
        if kind.lower() != "bearer":
            return basic
        parameters = dict(_PARAMETER.findall(rest))
        query = {"scope": f"repository:{self._repository}:pull"}
        if parameters.get("service"):
            query["service"] = parameters["service"]
        realm = _realm(parameters.get("realm", ""), urlencode(query, quote_via=quote), uri)
        with client.get(realm, budget, {}, basic) as answer:
            if answer.status != _OK:
                raise PullFailure(
                    Reason.UNREACHABLE if answer.status >= 500 else Reason.ACCESS_DENIED,  # noqa: PLR2004 # server errors
                    f"'{realm.shown}', which logs in to the registry of '{uri.shown}', answered "
                    f"{answer.status}: check DOCKER_AUTH_CONFIG (a docker config.json with auths of the "
                    "registry's host)",
                    transient=answer.status >= 500,  # noqa: PLR2004 # server errors
                )
            token = _token(answer.body(MAX_TOKEN_ANSWER))
        return {"authorization": f"Bearer {token}"} if token else {}


def _realm(text: str, query: str, registry: ModelUri) -> ModelUri:
    joined = f"{text}{'&' if '?' in text else '?'}{query}"
    realm = parse_uri(joined)
    if realm.scheme != "https" and not _is_same_host_in_the_clear(realm, registry):
        raise PullFailure(
            Reason.INVALID_URI,
            f"the registry of '{registry.shown}' logs in at '{realm.shown}': credentials are not sent there",
        )
    return realm


def _is_same_host_in_the_clear(realm: ModelUri, registry: ModelUri) -> bool:
    return realm.scheme == registry.scheme == "http" and origin(realm)[1] == origin(registry)[1]


def _token(body: bytes) -> str:
    try:
        found = json.loads(body)
        token = found.get("token") or found.get("access_token") or ""
    except (ValueError, AttributeError, RecursionError):
        return ""
    return token if isinstance(token, str) and token.isascii() and token.isprintable() else ""


def _config(environ: Mapping[str, str]) -> dict[str, Any]:
    name = next((name for name in ("DOCKER_AUTH_CONFIG", ".dockerconfigjson") if environ.get(name)), "")
    if name:
        text = environ[name]
    else:
        folder = environ.get("DOCKER_CONFIG") or f"{environ.get('HOME') or '/nonexistent'}/.docker"
        name = f"{folder}/config.json"
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return {}
    try:
        auths = json.loads(text)["auths"]
    except (ValueError, KeyError, TypeError, RecursionError):
        auths = None
    if not isinstance(auths, dict):
        raise PullFailure(
            Reason.INVALID_SETTINGS, f"{name} must be a docker config.json: an object with an object 'auths'"
        )
    return auths


def _credentials(host: str, auths: dict[str, Any]) -> str:
    """What goes behind `Basic`; empty where the config knows nothing of the host."""
    names = [host, f"https://{host}", f"https://{host}/", f"http://{host}"]
    if host in ("docker.io", *_HUB):
        names += ["docker.io", *_HUB]
    entry: dict[str, Any] = next((auths[name] for name in names if isinstance(auths.get(name), dict)), {})
    if entry.get("username") and entry.get("password"):
        return base64.b64encode(f"{entry['username']}:{entry['password']}".encode()).decode()
    auth = entry.get("auth") or ""
    try:
        return base64.b64encode(base64.b64decode(auth, validate=True)).decode()
    except (binascii.Error, ValueError, TypeError):
        raise PullFailure(
            Reason.INVALID_SETTINGS, f"the docker config's auth of '{host}' is not base64 of USER:PASSWORD"
        ) from None
