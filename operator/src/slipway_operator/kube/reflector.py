"""Keeps the store true for one kind of child: list, then watch, for ever.

The list comes in chunks and ends with a sweep: whatever it did not show is gone, also what was
deleted while nobody watched. The watch goes on from there and asks the server to end it after less
than half a minute: the server then sends a bookmark first, so the next watch resumes from a fresh
version, and a connection that died without a word shows as a read time-out soon after. Each of
those, and every event, is a `beat`; liveness looks at its age. So is a refusal: the server speaks to
us, and a restart would change nothing.

Errors: 410, or an ERROR event of any kind, means list again. An outage, a 429 or a refusal means
wait, longer each time and with jitter, and go on from the same version. It never gives up.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import aclosing
from typing import Final, NoReturn, Protocol

from slipway_operator.api.names import SELECTOR_MANAGED
from slipway_operator.api.types import Key
from slipway_operator.core.actions import Kind
from slipway_operator.kube import errors
from slipway_operator.kube.client import CHILDREN, Client, WatchEvent
from slipway_operator.kube.clock import Backoff, Clock
from slipway_operator.kube.store import Place, Store

LOG = logging.getLogger(__name__)
CHUNK: Final = 500
WATCH_SECONDS: Final = (20, 25)
SHORTEST_WATCH: Final = 1.0
"""A watch that ends sooner, without an event, is a fault: it is not opened again at once."""
BACKOFF: Final = Backoff(0.2, 15.0)
AWAY: Final = Backoff(0.2, 4.0)
"""While nobody answers: trying costs nothing, and the end of an outage shows soon."""
REFUSALS: Final = (errors.Throttled, errors.Unauthorized, errors.Forbidden)
RESUMABLE: Final = (errors.Unavailable, *REFUSALS)


class Observer(Protocol):
    """Who counts what the reflector does."""

    def listed(self, kind: str) -> None:
        """A list is complete."""
        ...

    def failed(self, kind: str, error: str) -> None:
        """A list or watch ended with an error of this class."""
        ...


class Reflector:
    """One kind, in one namespace or (`None`) all; `wake` gets the ModelDeployments to look at."""

    def __init__(
        self,
        kind: Kind,
        namespace: str | None,
        *,
        client: Client,
        store: Store,
        wake: Callable[[Key], None],
        clock: Clock,
        observer: Observer,
        watch_seconds: tuple[int, int] = WATCH_SECONDS,
    ) -> None:
        self.kind = kind
        self.namespace = namespace
        self.synced = asyncio.Event()
        self.beat = clock.now()
        self._client = client
        self._store = store
        self._wake = wake
        self._clock = clock
        self._observer = observer
        self._watch_seconds = watch_seconds
        self._version = ""
        self._failures = 0
        self._last_error: type[errors.KubeError] | None = None

    async def run(self) -> NoReturn:
        """List and watch until cancelled."""
        while True:
            try:
                if not self._version:
                    await self._list()
                await self._watch()
            except errors.KubeError as error:
                await self._recover(error)

    async def _list(self) -> None:
        """One complete list; a token that expired half-way begins it anew."""
        began, seen, token = self._store.turn(), set[Place](), ""
        while True:
            page = await self._client.list_page(
                CHILDREN[self.kind], self.namespace, selector=SELECTOR_MANAGED, limit=CHUNK, token=token
            )
            self.beat = self._clock.now()
            for raw in page.items:
                seen.add((raw["metadata"]["namespace"], raw["metadata"]["name"]))
                self._tell(self._store.put(self.kind, raw, listed_at=began))
            if not (token := page.token):
                break
            await self._clock.sleep(0)  # a long list lets others run between its chunks
        self._tell(self._store.sweep(self.kind, self.namespace, seen, began))
        self._version = page.resource_version
        self._observer.listed(self.kind)
        self.synced.set()

    async def _watch(self) -> None:
        """One watch until the server ends it."""
        opened = self._clock.now()
        seconds = random.randint(*self._watch_seconds)  # noqa: S311 -- jitter, so that watches do not end in step
        stream = self._client.watch(
            CHILDREN[self.kind],
            self.namespace,
            selector=SELECTOR_MANAGED,
            version=self._version,
            seconds=seconds,
        )
        heard = False
        async with aclosing(stream) as events:
            async for event in events:
                heard = True
                self._failures = 0
                self._take(event)
        if not heard and self._clock.now() - opened < SHORTEST_WATCH:
            raise errors.Unavailable("the watch ended at once")
        self._failures = 0
        self.beat = self._clock.now()

    def _take(self, event: WatchEvent) -> None:
        self.beat = self._clock.now()
        if event.type == "DELETED":
            self._tell(self._store.remove(self.kind, event.object))
        elif event.type in {"ADDED", "MODIFIED"}:
            self._tell(self._store.put(self.kind, event.object))
        self._version = event.object["metadata"]["resourceVersion"]

    async def _recover(self, error: errors.KubeError) -> None:
        if not isinstance(error, RESUMABLE):
            self._version = ""
        if isinstance(error, REFUSALS):
            self.beat = self._clock.now()
        # A server that says something else than before is in another state: after an outage it answers
        # that our version is too old, and the list must not wait as long as the line was dead.
        self._failures = self._failures + 1 if type(error) is self._last_error else 1
        self._last_error = type(error)
        patience = AWAY if isinstance(error, errors.Unreachable) else BACKOFF
        delay = max(patience.delay(self._failures), error.retry_after)
        self._observer.failed(self.kind, type(error).__name__)
        LOG.log(
            logging.WARNING if self._failures > 1 else logging.DEBUG,
            "watch of %s in %s: %s; again in %.1f s",
            self.kind,
            self.namespace or "all namespaces",
            error,
            delay,
        )
        await self._clock.sleep(delay)

    def _tell(self, keys: set[Key]) -> None:
        for key in keys:
            self._wake(key)
