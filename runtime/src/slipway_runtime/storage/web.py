"""`http:` and `https:` — one file from a web server.

Each name is resolved here and each address checked before it is connected to, also after a redirect, so
that the name cannot mean another address a moment later. No proxy, no .netrc, no cookies, no credentials:
nothing secret can follow a redirect but the URI's own query, and a redirect brings its own. httpcore does
HTTP and TLS.
"""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import httpcore

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.security.addresses import check_address
from slipway_runtime.security.paths import safe_path
from slipway_runtime.security.redact import redact_text, redact_uri
from slipway_runtime.storage.uri import ModelUri, parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from slipway_runtime.storage.source import Budget

MAX_REDIRECTS = 5
CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ABSENT = frozenset({404, 410})
_DENIED = frozenset({401, 403, 407})
_BUSY = frozenset({408, 425, 429})
_HEADERS = [(b"accept-encoding", b"identity"), (b"user-agent", b"slipway-runtime")]


class WebSource:
    """One URL.

    Args:
        uri: http or https.
        allow_local: loopback, link-local and metadata addresses are fine.
        backend: makes the connections; a checked one by default.
    """

    def __init__(
        self, uri: ModelUri, *, allow_local: bool, backend: httpcore.NetworkBackend | None = None
    ) -> None:
        self._uri = uri
        self._backend = backend or CheckedBackend(allow_local=allow_local)

    def fetch(self, folder: Path, budget: Budget) -> bool:
        """Follow redirects and stream the body into a file of the URI's name."""
        target = folder / safe_path(self._uri.path.partition("?")[0].rsplit("/", maxsplit=1)[-1])
        uri = self._uri
        with httpcore.ConnectionPool(network_backend=self._backend) as pool:
            for _ in range(MAX_REDIRECTS + 1):
                try:
                    redirect = _get(pool, uri, target, budget)
                except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
                    raise _unreachable(uri, error) from None
                if redirect is None:
                    return True
                uri = _follow(uri, redirect)
        raise PullFailure(
            Reason.INVALID_URI, f"'{self._uri.shown}' redirects more than {MAX_REDIRECTS} times"
        )


class CheckedBackend(httpcore.SyncBackend):
    """Connects only to addresses that models may come from."""

    def __init__(self, *, allow_local: bool) -> None:
        self._allow_local = allow_local

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve, check every address, connect to the first that answers."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:  # UnicodeError: a label is empty or too long
            raise httpcore.ConnectError(f"the name '{host}' does not resolve") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            check_address(address, allow_local=self._allow_local)
        last: Exception = httpcore.ConnectError("no address")
        for address in addresses:
            try:
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last


def _get(pool: httpcore.ConnectionPool, uri: ModelUri, target: Path, budget: Budget) -> str | None:
    """Fetch one URL; returns where it redirects to, or None when the file is there."""
    read = budget.seconds_left(READ_SECONDS)
    timeout = {"connect": budget.seconds_left(CONNECT_SECONDS), "read": read, "write": read}
    url = f"{uri.scheme}://{uri.authority}{uri.path}"
    with pool.stream("GET", url, headers=_HEADERS, extensions={"timeout": timeout}) as response:
        headers = {name.lower(): value for name, value in response.headers}
        if response.status in _REDIRECTS:
            return headers.get(b"location", b"").decode("latin-1")
        _check_status(response.status, uri)
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise PullFailure(
                Reason.UNSUPPORTED_FORMAT, f"'{uri.shown}' comes compressed although it was not asked for"
            )
        length = headers.get(b"content-length", b"")
        budget.expect(int(length) if length.isdigit() else 0)
        with target.open("wb") as file:
            for chunk in response.iter_stream():
                budget.take(len(chunk))
                file.write(chunk)
    return None


def _check_status(status: int, uri: ModelUri) -> None:
    ok = 200
    if status == ok:
        return
    where = f"'{uri.shown}' answered {status}"
    if status in _ABSENT:
        raise PullFailure(Reason.NOT_FOUND, f"{where}: there is no such file")
    if status in _DENIED:
        raise PullFailure(Reason.ACCESS_DENIED, f"{where}: the URI lacks credentials, or its own are refused")
    if status in _BUSY or status >= 500:  # noqa: PLR2004 # server errors
        raise PullFailure(Reason.UNREACHABLE, f"{where}: the server cannot serve it now", transient=True)
    raise PullFailure(Reason.INVALID_URI, f"{where}, which is no way to hand out a model")


def _follow(uri: ModelUri, location: str) -> ModelUri:
    target = parse_uri(urljoin(f"{uri.scheme}://{uri.authority}{uri.path}", location))
    if target.scheme not in ("http", "https") or (uri.scheme == "https" and target.scheme != "https"):
        raise PullFailure(
            Reason.INVALID_URI, f"'{uri.shown}' redirects to {redact_uri(location)}, away from {uri.scheme}"
        )
    return target


def _unreachable(uri: ModelUri, error: Exception) -> PullFailure:
    cause: BaseException | None = error
    while cause and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return PullFailure(
            Reason.UNREACHABLE, f"the certificate of '{uri.shown}' cannot be verified: {cause.verify_message}"
        )
    what = (
        "took too long" if isinstance(error, httpcore.TimeoutException) else "cannot be reached, or hung up"
    )
    return PullFailure(
        Reason.UNREACHABLE,
        f"the server of '{uri.shown}' {what} ({redact_text(str(error)) or type(error).__name__})",
        transient=True,
    )
