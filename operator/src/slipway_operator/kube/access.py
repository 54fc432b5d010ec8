"""Where the API server is, and how to prove who we are.

`kubernetes.aio` reads the configuration (the pod's service account, or a kubeconfig with tokens,
client certificates or an exec plug-in) and builds the TLS context and the aiohttp session. Two
sessions come from here, ours and kopf's, with the same middleware: it puts the current token on
every request, and on a 401 reads the configuration again and tries once more. So an expired token
heals in one place, and neither side ever tears its streams down for it.

This is the only module that imports kubernetes, and it does so late: the import costs a second.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from yarl import URL

if TYPE_CHECKING:
    from kubernetes.aio.client import Configuration

LOG = logging.getLogger(__name__)
USER_AGENT: Final = "slipway-operator"
"""How audit logs and API priority rules tell us from others."""
RELOAD_SECONDS: Final = 2.0
"""At most one re-reading of the configuration in this time, however many requests are refused."""

Answered = Callable[[ClientRequest, int, float], None]
"""Called with the request, its HTTP status (0: none) and its seconds to the first byte."""


class CredentialsRefused(aiohttp.ClientConnectionError):
    """401 also after the credentials were read again.

    A connection error on purpose: kopf rides those out with its endless back-off, where a 401 would
    make it log in anew and close all its streams.
    """


class Access:
    """One identity at one API server; `await load(...)`, then `session()` as often as needed.

    `kubeconfig` is a path (or several, as in `KUBECONFIG`); empty means the pod's service account.
    """

    def __init__(self, kubeconfig: str, clock: Callable[[], float]) -> None:
        self._kubeconfig = kubeconfig
        self._clock = clock
        self._reloaded = float("-inf")
        self._reloading = asyncio.Lock()
        self._configuration: Configuration
        self._transport: Any

    @classmethod
    async def load(cls, kubeconfig: str = "", *, clock: Callable[[], float] = time.monotonic) -> Access:
        """Reads the configuration; raises `kubernetes.aio.config.ConfigException` if there is none."""
        from kubernetes.aio.client.rest import RESTClientObject  # noqa: PLC0415 -- a second's import

        access = cls(kubeconfig, clock)
        access._configuration = await access._read()
        access._transport = RESTClientObject(access._configuration)
        return access

    @property
    def server(self) -> str:
        """The API server's root."""
        host: str = self._configuration.host
        return host.rstrip("/")

    def session(self, answered: Answered) -> aiohttp.ClientSession:
        """A new session; its owner closes it. `answered` hears of every request."""
        self._configuration.client_session_kwargs = {
            "middlewares": (_measured(answered), self._authenticated),
            "proxy": self._configuration.proxy,
            "cookie_jar": aiohttp.DummyCookieJar(),
            "headers": {"User-Agent": USER_AGENT},
            "trust_env": _has_proxy(),  # if on, aiohttp also reads a .netrc in a thread, for each request
        }
        # Documented as the place to customise the session; it has no public twin without a request.
        session: aiohttp.ClientSession = self._transport._create_pool_manager()  # noqa: SLF001 -- see above
        return session

    async def reload(self) -> None:
        """Reads the configuration again; one that cannot be read (half-written) changes nothing."""
        async with self._reloading:
            if self._clock() - self._reloaded < RELOAD_SECONDS:
                return
            self._reloaded = self._clock()
            try:
                self._adopt(await self._read())
            except Exception as error:  # noqa: BLE001 -- YAML, files, base64, plug-ins: any of it may be half-written
                LOG.warning("credentials could not be read again: %s", error)

    async def _read(self) -> Configuration:
        from kubernetes.aio import config  # noqa: PLC0415 -- a second's import
        from kubernetes.aio.client import Configuration  # noqa: PLC0415 -- likewise

        configuration = Configuration(connection_pool_maxsize=0)
        if self._kubeconfig:
            _require(self._kubeconfig)
            await config.load_kube_config(  # type: ignore[no-untyped-call] # published without types
                config_file=self._kubeconfig, client_configuration=configuration, persist_config=False
            )
        else:
            config.load_incluster_config(configuration)  # type: ignore[no-untyped-call] # likewise
        return configuration

    def _adopt(self, fresh: Configuration) -> None:
        """Takes over token and certificates, in place: every session shares the TLS context."""
        known = self._configuration
        known.api_key = fresh.api_key
        known.refresh_api_key_hook = fresh.refresh_api_key_hook
        context = self._transport.ssl_context
        if fresh.ssl_ca_cert:
            context.load_verify_locations(cafile=fresh.ssl_ca_cert)
        if fresh.cert_file:
            context.load_cert_chain(fresh.cert_file, keyfile=fresh.key_file)

    async def _authenticated(self, request: ClientRequest, send: ClientHandlerType) -> ClientResponse:
        response = await self._signed(request, send)
        if response.status != 401:  # noqa: PLR2004 -- Unauthorized
            return response
        response.close()  # the connection may carry the certificate that was refused
        await self.reload()
        response = await self._signed(request, send)
        if response.status != 401:  # noqa: PLR2004 -- Unauthorized
            return response
        response.close()
        raise CredentialsRefused(
            f"{self.server} answers 401 Unauthorized; the credentials in "
            f"{self._kubeconfig or 'the service-account folder'} are expired or revoked: renew them there"
        )

    async def _signed(self, request: ClientRequest, send: ClientHandlerType) -> ClientResponse:
        try:
            token = (await self._configuration.auth_settings()).get("BearerToken")
        except Exception as error:  # files and plug-ins: any error of theirs
            raise CredentialsRefused(f"the credentials cannot be read: {error}") from error
        ours = request.url.origin() == URL(self.server).origin()
        if ours and token and token["value"]:  # a redirect elsewhere gets no token
            request.headers["Authorization"] = token["value"]
        if self._configuration.tls_server_name:
            request.server_hostname = self._configuration.tls_server_name
        return await send(request)


def _require(kubeconfig: str) -> None:
    """The library's own words for a missing file name a missing key."""
    paths = [os.path.expanduser(path) for path in kubeconfig.split(os.pathsep) if path]  # noqa: PTH111 -- text, as it is named
    if not any(os.path.exists(path) for path in paths):  # noqa: PTH110 -- likewise
        raise FileNotFoundError(f"no such file: {kubeconfig}")


def _measured(answered: Answered) -> Callable[..., Any]:
    async def measured(request: ClientRequest, send: ClientHandlerType) -> ClientResponse:
        started = time.monotonic()
        try:
            response = await send(request)
        except BaseException as error:
            refused = isinstance(error, CredentialsRefused)
            answered(request, 401 if refused else 0, time.monotonic() - started)
            raise
        answered(request, response.status, time.monotonic() - started)
        return response

    return measured


def _has_proxy(environ: Mapping[str, str] = os.environ) -> bool:
    return any(environ.get(name) or environ.get(name.upper()) for name in ("https_proxy", "http_proxy"))


def kubeconfig_from(environ: Mapping[str, str] = os.environ) -> str:
    """The kubeconfig to use: `KUBECONFIG`, else none inside a pod, else the user's own."""
    named = environ.get("KUBECONFIG", "")
    if named or "KUBERNETES_SERVICE_HOST" in environ:
        return named
    return os.path.expanduser("~/.kube/config")  # noqa: PTH111 -- kubernetes.aio takes text
