"""A small client of the API server: creates, patches, and follows a collection. Raw JSON in and out."""

from __future__ import annotations

import asyncio
import base64
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import orjson
import yaml

from slipway_rollouts.template import Json

CONNECTIONS = 16
LINE_BYTES = 1 << 22


class Api:
    """The API server as the kubeconfig's user."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def create(self, path: str, manifest: Json) -> None:
        """Makes an object in the collection at `path`."""
        await self._send("POST", path, manifest, "application/json")

    async def merge(self, path: str, change: Json) -> None:
        """Merges a change into the object at `path`."""
        await self._send("PATCH", path, change, "application/merge-patch+json")

    async def get(self, path: str, **wanted: str) -> Json:
        """An object, or a collection of those that are wanted."""
        async with self._session.get(path, params=wanted) as answer:
            answer.raise_for_status()
            found: Json = orjson.loads(await answer.read())
            return found

    async def until(
        self, collection: str, name: str, holds: Callable[[Json], bool], *, seconds: float
    ) -> Json:
        """The object once `holds` says so; TimeoutError if that takes too long."""
        version = await self.version(collection)
        obj = await self.get(f"{collection}/{name}")
        if holds(obj):
            return obj
        async with asyncio.timeout(seconds):
            async for obj in self.follow(collection, version):
                if obj["metadata"]["name"] == name and holds(obj):
                    return obj
        raise RuntimeError(f"the watch of {collection} ended")

    async def version(self, collection: str) -> str:
        """The version of a collection as it is now, to follow it from."""
        return str((await self.get(collection, limit="1"))["metadata"]["resourceVersion"])

    async def follow(self, collection: str, version: str) -> AsyncIterator[Json]:
        """Every state of every object of a collection since that version."""
        wanted = {"watch": "1", "resourceVersion": version, "timeoutSeconds": "3600"}
        timeout = aiohttp.ClientTimeout(total=None)
        async with self._session.get(collection, params=wanted, timeout=timeout) as answer:
            answer.raise_for_status()
            async for line in answer.content:
                event = orjson.loads(line)
                if event["type"] == "ERROR":
                    raise RuntimeError(f"the watch of {collection} broke: {event['object']}")
                yield event["object"]
        raise RuntimeError(f"the watch of {collection} ended")

    async def _send(self, method: str, path: str, body: Json, content: str) -> None:
        headers = {"Content-Type": content}
        async with self._session.request(method, path, data=orjson.dumps(body), headers=headers) as answer:
            text = await answer.text()
            if answer.status >= 400:  # noqa: PLR2004 - HTTP's border between answers and refusals
                raise RuntimeError(f"{method} {path}: {answer.status} {text}")


@asynccontextmanager
async def connected(kubeconfig: str) -> AsyncIterator[Api]:
    """A client that closes its connections when the block ends; from a kubeconfig's text."""
    config = yaml.safe_load(kubeconfig)
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    context = ssl.create_default_context(cadata=_decoded(cluster["certificate-authority-data"]))
    with tempfile.NamedTemporaryFile("w") as chain:  # the ssl module reads certificates from files only
        chain.write(_decoded(user["client-certificate-data"]) + _decoded(user["client-key-data"]))
        chain.flush()
        context.load_cert_chain(chain.name)
    connector = aiohttp.TCPConnector(ssl=context, limit=CONNECTIONS)
    async with aiohttp.ClientSession(
        cluster["server"], connector=connector, read_bufsize=LINE_BYTES
    ) as session:
        yield Api(session)


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()
