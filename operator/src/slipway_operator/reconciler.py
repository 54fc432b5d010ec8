"""One look at one ModelDeployment, from beginning to end.

    read it live → parse → observe its children → decide → execute → one status write

Nothing is remembered between two looks, so each may be the first: after a crash, a missed event, a
change of holder. The object is read live, because a deleted one must not be brought back from an
old event; its children come from the store. Writes stop at the first error. What the user has to
know of it goes into the same one status write; then the error goes on to the queue, whose back-off
it chooses. The status is written only when it differs, so a look at rest writes nothing.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final, Protocol

from slipway_operator.api import names
from slipway_operator.api.conditions import Reason
from slipway_operator.api.parse import parse
from slipway_operator.api.types import FieldError, Key, ModelDeployment
from slipway_operator.core.actions import Emit
from slipway_operator.core.decide import Decision, Defaults, Unparsed, decide, reject
from slipway_operator.core.observed import observe
from slipway_operator.core.status import Problem, with_problem
from slipway_operator.kube import errors
from slipway_operator.kube.client import MODELDEPLOYMENTS, Client, Json
from slipway_operator.kube.events import Recorder
from slipway_operator.kube.execute import Executor
from slipway_operator.kube.problems import problem_of
from slipway_operator.kube.store import Store

LOG = logging.getLogger(__name__)
RECHECK_SECONDS: Final = (600.0, 1_800.0)
"""Every object is looked at again after a time in this span: the net under all events."""


STATUS_TRIES: Final = 3


class States(Protocol):
    """Who counts objects by state."""

    def show(self, key: Key, state: str | None) -> None:
        """`key` is in `state` now; `None`: it is gone."""
        ...


class Reconciler:
    """Callable with a key; answers in how many seconds to look again, or raises a `KubeError`.

    `fence` raises when this operator may not write any more; `wall` gives the time, in UTC.
    """

    def __init__(
        self,
        *,
        client: Client,
        store: Store,
        executor: Executor,
        recorder: Recorder,
        states: States,
        defaults: Defaults,
        fence: Callable[[], None],
        wall: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._store = store
        self._executor = executor
        self._recorder = recorder
        self._states = states
        self._defaults = defaults
        self._fence = fence
        self._wall = wall

    async def __call__(self, key: Key) -> float | None:
        """One look at `key`."""
        try:
            raw = await self._client.get(MODELDEPLOYMENTS, key.namespace, key.name)
        except errors.NotFound:
            self._states.show(key, None)
            return None
        if raw["metadata"].get("deletionTimestamp"):
            self._states.show(key, None)
            return None  # garbage collection has the children
        parsed = parse(raw)
        if isinstance(parsed, ModelDeployment):
            return await self._follow(parsed, raw)
        return await self._refuse(key, raw, parsed)

    async def _follow(self, md: ModelDeployment, raw: Json) -> float:
        """Carries out what `decide` says, and reports it."""
        now = self._wall()
        observed = observe(md, self._store.children(md.key))
        decision = decide(md, observed, self._defaults, now)
        try:
            written = await self._executor.run(md.key, decision.writes)
        except errors.KubeError as error:
            await self._report_failure(md, raw, decision, error, now)
            raise
        if written:
            LOG.info("%s: %d writes: %s", md.key, written, ", ".join(map(_short, decision.writes)))
        await self._report(md.key, raw, decision.status, decision.events)
        return _next_look(decision.requeue_after)

    async def _report_failure(
        self, md: ModelDeployment, raw: Json, decision: Decision, error: errors.KubeError, now: datetime
    ) -> None:
        """Tells the user, if there is something to tell; the error itself goes on to the queue."""
        problem = problem_of(error)
        if problem is None:
            return
        status = with_problem(md, decision.status, problem, now)
        try:
            await self._report(md.key, raw, status, [_warning(problem)] if status != md.status else [])
        except errors.KubeError as second:
            LOG.warning("%s: the status could not be written either: %s", md.key, second)

    async def _refuse(self, key: Key, raw: Json, found: list[FieldError]) -> float:
        """A spec that cannot be followed: says why, and leaves what serves alone."""
        meta = raw["metadata"]
        who = Unparsed(
            key=key, uid=meta["uid"], generation=meta.get("generation", 0), status=raw.get("status") or {}
        )
        observed = observe(who, self._store.children(key))
        status = reject(who, observed, found, self._wall())
        said = Emit(type="Warning", reason=str(Reason.INVALID_SPEC), message="; ".join(map(str, found)))
        await self._report(key, raw, status, [said] if status != who.status else [])
        return _next_look(None)

    async def _report(self, key: Key, raw: Json, status: Json, events: Iterable[Emit]) -> None:
        """Status first: it is what people and tools wait for. Events follow."""
        self._states.show(key, _state(status))
        if status != (raw.get("status") or {}):
            self._fence()
            await self._write_status(key, raw, status)
        for event in events:
            await self._recorder.emit(key, raw["metadata"]["uid"], event)

    async def _write_status(self, key: Key, raw: Json, status: Json) -> None:
        """For the spec that was looked at: somebody's label meanwhile is no reason not to say it."""
        for _ in range(STATUS_TRIES):
            try:
                await self._client.apply(
                    MODELDEPLOYMENTS,
                    _status_manifest(raw, status),
                    manager=names.FIELD_MANAGER_STATUS,
                    force=True,
                    subresource="status",
                )
            except errors.Conflict:
                live = await self._client.get(MODELDEPLOYMENTS, key.namespace, key.name)
                if _which(live) != _which(raw):
                    raise
                raw = live
            else:
                return
        raise errors.Conflict(f"{key}: changed {STATUS_TRIES} times while its status was written")


def _which(raw: Json) -> tuple[str, int]:
    """Which object, and which spec of it."""
    return raw["metadata"]["uid"], raw["metadata"].get("generation", 0)


def _status_manifest(raw: Json, status: Json) -> Json:
    """The version makes it an answer to what was looked at; the server ignores a uid in a status."""
    meta = raw["metadata"]
    named = {name: meta[name] for name in ("namespace", "name", "resourceVersion")}
    return {"apiVersion": names.API_VERSION, "kind": names.KIND, "metadata": named, "status": status}


def _next_look(asked: float | None) -> float:
    recheck = random.uniform(*RECHECK_SECONDS)  # noqa: S311 -- jitter
    return recheck if asked is None else min(asked, recheck)


def _warning(problem: Problem) -> Emit:
    return Emit(type="Warning", reason=str(problem.reason), message=problem.message)


def _short(write: Any) -> str:
    return f"{type(write).__name__} {write.ref.kind} {write.ref.name}"


def _state(status: Json) -> str:
    """The one word that the gauge shows: stalled, reconciling, ready or not_ready."""
    true = {each["type"] for each in status.get("conditions") or () if each.get("status") == "True"}
    for condition in ("Stalled", "Reconciling", "Ready"):
        if condition in true:
            return condition.lower()
    return "not_ready"
