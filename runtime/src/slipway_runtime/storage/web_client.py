"""HTTP for all kinds of storage that are asked over it: one GET at a time, redirects followed.

Each name is resolved here and each address checked before it is connected to, also after a redirect, so
that the name cannot mean another address a moment later. Hosts that the server's operator named are
trusted. No proxy, no .netrc, no cookies. Secret headers go to the origin they are meant for and to no
other: a redirect to another scheme, host or port leaves them behind, and they do not come back. httpcore
does HTTP and TLS.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin

import httpcore

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.security.addresses import check_address
from slipway_runtime.security.redact import redact_text, redact_uri
from slipway_runtime.storage.uri import ModelUri, parse_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from slipway_runtime.storage.source import Budget

MAX_REDIRECTS = 5
CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({408, 425, 429})
_ABSENT = frozenset({404, 410})
_DENIED = frozenset({401, 403, 407})
_OURS = {"accept-encoding": "identity", "user-agent": "slipway-runtime"}


class Answer(NamedTuple):
    """What a server answered; the body is read while the connection is open.

    Attributes:
        uri: who answered, after all redirects.
        status: HTTP status, no redirect.
        headers: names in lower case.
        chunks: the body.
    """

    uri: ModelUri
    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]

    @property
    def length(self) -> int:
        """Of the body in bytes; 0 where it is not told."""
        text = self.headers.get("content-length", "")
        return int(text) if text.isdecimal() and text.isascii() and len(text) < 19 else 0  # noqa: PLR2004 # digits of 2^63

    def body(self, limit: int) -> bytes:
        """All of it.

        Raises:
            PullFailure: UnsupportedFormat; it is longer than the limit.
        """
        read = bytearray()
        for chunk in self.chunks:
            read += chunk
            if len(read) > limit:
                raise PullFailure(
                    Reason.UNSUPPORTED_FORMAT, f"'{self.uri.shown}' answers more than {limit} bytes"
                )
        return bytes(read)


class CheckedBackend(httpcore.SyncBackend):
    """Connects only to addresses that models may come from.

    Args:
        allow_local: all are fine.
        trusted: (host, port) that the server's operator named.
        resolve: looks names up, as socket.getaddrinfo does.
    """

    def __init__(
        self,
        *,
        allow_local: bool,
        trusted: Collection[tuple[str, int]] = (),
        resolve: Callable[..., list[Any]] = socket.getaddrinfo,
    ) -> None:
        self._allow_local = allow_local
        self._trusted = frozenset(trusted)
        self._resolve = resolve

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
            found = self._resolve(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:  # UnicodeError: a label is empty or too long
            raise httpcore.ConnectError(f"the name '{host}' does not resolve") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        allow_local = self._allow_local or (host, port) in self._trusted
        for address in addresses:
            check_address(address, allow_local=allow_local)
        last: Exception = httpcore.ConnectError("no address")
        for address in addresses:
            try:
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last


class HttpClient:
    """Asks web servers.

    Args:
        allow_local: loopback, link-local and metadata addresses are fine.
        trusted: http(s) URI of an endpoint that the server's operator named; its host may be anywhere.
        backend: makes the connections; a checked one by default.
    """

    def __init__(
        self, *, allow_local: bool, trusted: str = "", backend: httpcore.NetworkBackend | None = None
    ) -> None:
        known = {origin(parse_uri(trusted))[1:]} if trusted else set()
        self._backend = backend or CheckedBackend(allow_local=allow_local, trusted=known)

    @contextmanager
    def get(
        self,
        uri: ModelUri,
        budget: Budget,
        headers: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> Iterator[Answer]:
        """Ask, following redirects; the connection is open until the block ends.

        Args:
            uri: http or https.
            budget: the time that is left.
            headers: sent to every host.
            secrets: headers for this URI's own origin.

        Raises:
            PullFailure: Unreachable where the network fails, also in the block; InvalidURI for a redirect
                that leads too far or to where models are not fetched from.
        """
        asked, own = uri, origin(uri)
        sent = {**_OURS, **(headers or {}), **(secrets or {})}
        with httpcore.ConnectionPool(network_backend=self._backend) as pool:
            for _ in range(MAX_REDIRECTS + 1):
                with (
                    _told(uri),
                    pool.stream(
                        "GET", url_of(uri), headers=_wire(sent), extensions={"timeout": _timeouts(budget)}
                    ) as response,
                ):
                    answer = _answer(uri, response, budget)
                    if answer.status not in _REDIRECTS:
                        yield answer
                        return
                uri = _follow(uri, answer.headers.get("location", ""))
                if secrets and origin(uri) != own:
                    sent, secrets = {**_OURS, **(headers or {})}, None
        raise PullFailure(Reason.INVALID_URI, f"'{asked.shown}' redirects more than {MAX_REDIRECTS} times")


def origin(uri: ModelUri) -> tuple[str, str, int]:
    """Scheme, host, port: who a secret is meant for."""
    host, separator, port = uri.authority.rpartition(":")
    if not separator or port.endswith("]"):
        return uri.scheme, uri.authority.strip("[]"), _PORTS[uri.scheme]
    return uri.scheme, host.strip("[]"), int(port)


def url_of(uri: ModelUri) -> str:
    """The URL as it is asked for."""
    return f"{uri.scheme}://{uri.authority}{uri.path}"


def check_status(
    answer: Answer, shown: str, rights: str = "the URI lacks credentials, or its own are refused"
) -> None:
    """Refuse what brings no file.

    Args:
        answer: to a request for a file.
        shown: the model's URI.
        rights: what to say where access is denied.

    Raises:
        PullFailure: names the status.
    """
    status = answer.status
    if status in (200, 206):
        return
    where = f"'{shown}' answered {status}"
    if status in _ABSENT:
        raise PullFailure(Reason.NOT_FOUND, f"{where}: there is no such file")
    if status in _DENIED:
        raise PullFailure(Reason.ACCESS_DENIED, f"{where}: {rights}")
    if status in _BUSY or status >= 500:  # noqa: PLR2004 # server errors
        raise PullFailure(Reason.UNREACHABLE, f"{where}: the server cannot serve it now", transient=True)
    raise PullFailure(Reason.INVALID_URI, f"{where}, which is no way to hand out a model")


def _wire(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), text.encode()) for name, text in headers.items()]


def _timeouts(budget: Budget) -> dict[str, float]:
    read = budget.seconds_left(READ_SECONDS)
    return {"connect": budget.seconds_left(CONNECT_SECONDS), "read": read, "write": read}


def _answer(uri: ModelUri, response: httpcore.Response, budget: Budget) -> Answer:
    headers = {name.lower().decode("latin-1"): text.decode("latin-1") for name, text in response.headers}
    return Answer(uri, response.status, headers, _timely(response.iter_stream(), budget))


def _timely(chunks: Iterable[bytes], budget: Budget) -> Iterator[bytes]:
    """The chunks, as long as there is time: a server that sends a byte a minute holds nothing up for ever."""
    for chunk in chunks:
        budget.expect(0)
        yield chunk


def _follow(uri: ModelUri, location: str) -> ModelUri:
    target = parse_uri(urljoin(url_of(uri), location))
    if target.scheme not in ("http", "https") or (uri.scheme == "https" and target.scheme != "https"):
        raise PullFailure(
            Reason.INVALID_URI, f"'{uri.shown}' redirects to {redact_uri(location)}, away from {uri.scheme}"
        )
    return target


@contextmanager
def _told(uri: ModelUri) -> Iterator[None]:
    """Tell what the network did as what it means for a pull."""
    try:
        yield
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        raise _unreachable(uri, error) from None


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
