"""kopf, as a thin shell: it watches ModelDeployments and turns their events into keys.

Only `on.event` is used. kopf's stateful handlers, timers, daemons and indices would write
annotations and finalizers on users' objects and work by differences; the work queue works by state.
So kopf writes nothing to the cluster. It logs in with a session of `kube.access`, whose middleware
renews credentials by itself, and it retries for ever: an API server that goes away for an hour ends
nothing.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import aiohttp
import kopf

from slipway_operator.api.names import GROUP, PLURAL, VERSION
from slipway_operator.api.types import Key
from slipway_operator.kube.queue import LAZY, URGENT, USUAL

LOG = logging.getLogger(__name__)
Wake = Callable[[Key, int], None]
"""Wants a key looked at, with a priority of `kube.queue`."""

WATCH_SECONDS: Final = 25
CHUNK: Final = 500


class Doorbell:
    """Turns what kopf sees of one ModelDeployment into a wish with the right urgency.

    What a user can change (spec, annotations, existence) is urgent. The rest, our own status writes
    above all, is looked at in passing; a first listing has time.
    """

    def __init__(self, wake: Wake) -> None:
        self._wake = wake
        self._known: dict[Key, object] = {}

    def ring(self, kind: str | None, body: Mapping[str, Any]) -> None:
        """`kind` is the watch event's type, `None` for an object of a list."""
        meta = body["metadata"]
        key = Key(meta["namespace"], meta["name"])
        marks = hash(repr(meta.get("annotations")))  # they can be long, and there are many objects
        shown = (meta["uid"], meta.get("generation"), marks, kind == "DELETED")
        known = self._known.get(key)
        self._known[key] = shown
        if kind == "DELETED":
            del self._known[key]
        self._wake(key, LAZY if kind is None else USUAL if shown == known else URGENT)


class NoDiffBase(kopf.DiffBaseStorage):
    """kopf keeps no last-handled state, and copies no body to compare with it."""

    def build(self, **_: Any) -> Any:
        """Nothing to compare."""
        return {}

    def fetch(self, **_: Any) -> Any:
        """Nothing was kept."""
        return None

    def store(self, **_: Any) -> None:
        """Nothing is kept."""


class NoProgress(kopf.ProgressStorage):
    """kopf keeps no handlers' progress; `on.event` has none."""

    def fetch(self, **_: Any) -> Any:
        """Nothing was kept."""
        return None

    def store(self, **_: Any) -> None:
        """Nothing is kept."""

    def purge(self, **_: Any) -> None:
        """Nothing to purge."""

    def touch(self, **_: Any) -> None:
        """Nothing to touch."""

    def clear(self, *, essence: Any) -> Any:
        """Nothing to clear."""
        return essence


class EndlessBackoff:
    """Delays in seconds that grow to five, with jitter, and never run out.

    An iterable, not a generator: kopf iterates it anew for each request.
    """

    def __iter__(self) -> Iterator[float]:
        delay = 0.5
        while True:
            yield delay * random.uniform(0.5, 1.0)  # noqa: S311 -- jitter
            delay = min(5.0, delay * 2)


def registry(bell: Doorbell, session: Callable[[], aiohttp.ClientSession], server: str) -> Any:
    """Every handler there is. `session` makes a new one each time kopf logs in."""
    handlers = kopf.OperatorRegistry()

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=handlers)
    async def seen(event: Mapping[str, Any], **_: Any) -> None:
        bell.ring(event["type"], event["object"])

    @kopf.on.login(registry=handlers)
    async def login(**_: Any) -> kopf.AiohttpSession:
        return kopf.AiohttpSession(server=server, aiohttp_session=session())

    return handlers


def settings() -> Any:
    """Kopf without storage, peering, posting and scanning, and with short, endless watches."""
    chosen = kopf.OperatorSettings()
    chosen.persistence.diffbase_storage = NoDiffBase()
    chosen.persistence.progress_storage = NoProgress()
    chosen.persistence.finalizer = f"{GROUP}/kopf-unused"  # kopf removes its own name wherever it sees it
    chosen.posting.enabled = False
    chosen.peering.standalone = True
    chosen.scanning.disabled = True
    chosen.watching.server_timeout = WATCH_SECONDS
    chosen.watching.inactivity_timeout = WATCH_SECONDS + 5
    chosen.watching.connect_timeout = 5
    chosen.watching.chunk_size = CHUNK
    chosen.queueing.idle_timeout = 0.1
    chosen.networking.request_timeout = 30
    chosen.networking.connect_timeout = 5
    chosen.networking.error_backoffs = EndlessBackoff()
    chosen.networking.enforce_retry_after = True
    chosen.process.ultimate_exiting_timeout = None
    return chosen


async def run(
    handlers: Any, namespaces: Sequence[str], stop: asyncio.Event, on_spawned: Callable[[], None]
) -> None:
    """One life of kopf: until `stop`, or an error that its retries do not cover.

    kopf takes the process's signals when it starts; `on_spawned` is called right after that, for the
    composition root to take them back. Tasks made before this call are left alone at its end.
    """
    others = asyncio.all_tasks()
    name: Any = "slipway-operator"  # for peering, which is off; kopf would ask for the user's name otherwise
    tasks = await kopf.spawn_tasks(
        identity=name,
        registry=handlers,
        settings=settings(),
        clusterwide=not namespaces,
        namespaces=list(namespaces),
        stop_flag=stop,
    )
    on_spawned()
    await kopf.run_tasks(tasks, ignored=others)
