"""The `Client` that speaks HTTP: raw JSON over an aiohttp session.

The session comes from `kube.access`, which knows the server, TLS and credentials. Objects stay
plain dicts from orjson: typed models would cost a millisecond of CPU per call. Nothing is retried
here; the error's class tells the work queue when to look again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any, Final

import aiohttp
import orjson

from slipway_operator.kube import errors
from slipway_operator.kube.access import CredentialsRefused
from slipway_operator.kube.client import Json, Page, Resource, WatchEvent

REQUEST_SECONDS: Final = 15.0
CONNECT_SECONDS: Final = 5.0
SILENCE_SECONDS: Final = 5.0
"""How long after its promised end a watch may stay silent before its connection counts as dead."""

APPLY: Final = "application/apply-patch+yaml"  # JSON is YAML
JSON_PATCH: Final = "application/json-patch+json"
PLAIN: Final = "application/json"


class RestClient:
    """`Client` over `session`; `server` is the root, such as `https://10.96.0.1:443`."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        server: str,
        *,
        request_seconds: float = REQUEST_SECONDS,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self._session = session
        self._silence = silence_seconds
        self._server = server.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=request_seconds, sock_connect=CONNECT_SECONDS)

    async def get(self, resource: Resource, namespace: str, name: str) -> Json:
        """One object, read live."""
        return await self._call("GET", resource.path(namespace, name))

    async def list_page(
        self, resource: Resource, namespace: str | None, *, selector: str, limit: int, token: str = ""
    ) -> Page:
        """One chunk of a list."""
        wanted = {"labelSelector": selector, "limit": str(limit), "continue": token}
        answer = await self._call("GET", resource.path(namespace), params=_without_empty(wanted))
        items: list[Json] = answer["items"] or []
        for item in items:  # items of a list do not say what they are
            item.update(apiVersion=resource.api_version, kind=str(resource.kind))
        meta = answer["metadata"]
        return Page(items, meta["resourceVersion"], meta.get("continue") or "")

    async def watch(
        self, resource: Resource, namespace: str | None, *, selector: str, version: str, seconds: int
    ) -> AsyncGenerator[WatchEvent, None]:
        """Changes since `version`; a connection silent beyond its end raises `Unreachable`."""
        wanted = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "labelSelector": selector,
            "resourceVersion": version,
            "timeoutSeconds": str(seconds),
        }
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=CONNECT_SECONDS, sock_read=seconds + self._silence
        )
        url = self._server + resource.path(namespace)
        try:
            async with self._session.get(url, params=_without_empty(wanted), timeout=timeout) as response:
                if response.status != 200:  # noqa: PLR2004 -- the one good answer to a watch
                    raise await _refusal(response)
                async for line in _lines(response.content):
                    yield _event(orjson.loads(line))
        except _BROKEN as error:
            raise _broken(error, url) from error

    async def apply(
        self, resource: Resource, manifest: Json, *, manager: str, force: bool, subresource: str = ""
    ) -> Json:
        """Server-side apply."""
        params = {"fieldManager": manager, "force": "true" if force else "false"}
        path = _path_of(resource, manifest, subresource)
        return await self._call("PATCH", path, params=params, body=manifest, content=APPLY)

    async def json_patch(
        self, resource: Resource, namespace: str, name: str, operations: Sequence[Json], *, manager: str
    ) -> Json:
        """A JSON patch."""
        params = _without_empty({"fieldManager": manager})
        path = resource.path(namespace, name)
        return await self._call("PATCH", path, params=params, body=list(operations), content=JSON_PATCH)

    async def create(self, resource: Resource, manifest: Json, *, manager: str = "") -> Json:
        """A plain create."""
        path = resource.path(manifest["metadata"]["namespace"])
        return await self._call("POST", path, params=_without_empty({"fieldManager": manager}), body=manifest)

    async def replace(self, resource: Resource, manifest: Json) -> Json:
        """A plain update."""
        return await self._call("PUT", _path_of(resource, manifest), body=manifest)

    async def delete(self, resource: Resource, namespace: str, name: str, *, uid: str) -> Json:
        """Background deletion of that very object."""
        options = {"propagationPolicy": "Background", "preconditions": {"uid": uid}}
        return await self._call("DELETE", resource.path(namespace, name), body=options)

    async def discover(self, path: str) -> Json:
        """A raw read below the server's root."""
        return await self._call("GET", path)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Json | list[Json] | None = None,
        content: str = PLAIN,
    ) -> Json:
        url = self._server + path
        sent = None if body is None else orjson.dumps(body)
        headers = {"Accept": PLAIN} | ({"Content-Type": content} if sent is not None else {})
        try:
            async with self._session.request(
                method, url, params=params, data=sent, headers=headers, timeout=self._timeout
            ) as response:
                if response.status >= 400:  # noqa: PLR2004 -- HTTP's border between answers and refusals
                    raise await _refusal(response)
                answer: Json = orjson.loads(await response.read())
                return answer
        except _BROKEN as error:
            raise _broken(error, url) from error


_BROKEN: Final = (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError)


def _broken(error: BaseException, url: str) -> errors.KubeError:
    if isinstance(error, CredentialsRefused):
        return errors.Unauthorized(str(error), code=401)
    return errors.Unreachable(f"no usable answer from {url}: {type(error).__name__} {error}".rstrip())


async def _refusal(response: aiohttp.ClientResponse) -> errors.KubeError:
    body = await response.read()
    try:
        status = orjson.loads(body)
    except orjson.JSONDecodeError:
        status = {"message": body.decode(errors="replace")}
    known = status if isinstance(status, dict) else {}
    return errors.from_status(response.status, known, response.headers.get("Retry-After"))


def _event(line: Json) -> WatchEvent:
    if line["type"] == "ERROR":  # whatever it says, the stream is over and its version in doubt
        status = line["object"]
        raise errors.Expired(f"the watch broke: {status.get('message')}", code=int(status.get("code") or 0))
    return WatchEvent(line["type"], line["object"])


async def _lines(stream: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Whole lines of any length; what is left at the end was cut off and counts for nothing."""
    rest: list[bytes] = []
    async for chunk in stream.iter_any():
        *lines, last = chunk.split(b"\n")
        for line in lines:
            whole = b"".join((*rest, line))
            rest.clear()
            if whole.strip():
                yield whole
        rest.append(last)


def _path_of(resource: Resource, manifest: Json, subresource: str = "") -> str:
    meta: dict[str, Any] = manifest["metadata"]
    return resource.path(meta["namespace"], meta["name"], subresource)


def _without_empty(params: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in params.items() if value}
