"""The comparison of rollouts: equal pods for both, honest counts, tables that say no where a bar breaks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from slipway_rollouts import argo_objects, crowd, shares, table
from slipway_rollouts.audit import AuditLog
from slipway_rollouts.contestants import MODELS, slipway
from slipway_rollouts.scale import Found, Phase
from slipway_rollouts.template import Wish, modeldeployment, rendered

WISH = Wish(replicas=2, gated=True, delay=10, image="runtime:1", secret="credentials")


def test_both_controllers_drive_the_very_same_pods() -> None:
    """A comparison with lighter pods on one side would say nothing."""
    ours = rendered(modeldeployment("models", "iris", 2, WISH), "Deployment", WISH.image)["spec"]["template"]
    theirs = argo_objects.template("iris", 2, WISH)
    assert theirs["spec"] == ours["spec"]
    assert len(theirs["metadata"]["labels"]) == len(ours["metadata"]["labels"])


def test_both_users_ask_for_the_same_rollout() -> None:
    """Replicas, gate and delay decide how long an update takes."""
    spec = modeldeployment("models", "iris", 1, WISH)["spec"]
    rollout = argo_objects.rollout("models", "iris", WISH)["spec"]
    asked = spec["strategy"]["blueGreen"]
    assert rollout["replicas"] == spec["replicas"]
    assert {key: rollout["strategy"]["blueGreen"][key] for key in asked} == asked
    selected = rollout["selector"]["matchLabels"].items()
    services = argo_objects.services("models", "iris", WISH)
    assert selected <= rollout["template"]["metadata"]["labels"].items()
    assert [one["metadata"]["name"] for one in services] == ["iris", "iris-preview"]


@pytest.mark.parametrize(
    ("observed", "phase", "done"),
    [("2", "Healthy", True), ("1", "Healthy", False), ("2", "Progressing", False)],
)
def test_a_rollout_is_done_when_this_very_spec_is_healthy(observed: str, phase: str, *, done: bool) -> None:
    """A phase that is still about the last spec would stop the clock too early."""
    obj = {"metadata": {"generation": 2}, "status": {"observedGeneration": observed, "phase": phase}}
    assert argo_objects.is_healthy(obj) is done


class FakeApi:
    """A server whose controller is done with an object in two events, the first of them too early."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def version(self, collection: str) -> str:
        """Any."""
        assert collection == MODELS
        return "1"

    async def create(self, path: str, manifest: dict[str, Any]) -> None:
        """Not ready, then ready."""
        assert path == MODELS
        for status in ("False", "True"):
            ready = {"type": "Ready", "status": status, "observedGeneration": 1}
            meta = manifest["metadata"] | {"generation": 1}
            self.events.put_nowait({"metadata": meta, "status": {"conditions": [ready]}})

    async def follow(self, collection: str, version: str) -> AsyncIterator[dict[str, Any]]:
        """Every event, for ever."""
        assert (collection, version) == (MODELS, "1")
        while True:
            yield await self.events.get()


async def test_all_objects_are_awaited_and_each_is_timed() -> None:
    """The last one's time is the result."""
    api: Any = FakeApi()
    times = await crowd.create(api, slipway(Wish()), ["a", "b", "c"], rate=1_000.0)
    assert 0 < times.median <= times.whole
    assert api.events.empty()


def _event(user: str, verb: str, resource: str) -> str:
    return json.dumps({"user": {"username": user}, "verb": verb, "objectRef": {"resource": resource}}) + "\n"


def test_writes_are_counted_from_a_mark_on_and_leases_are_not(tmp_path: Path) -> None:
    """What came before the clock started, reads and heartbeats are no work."""
    path = tmp_path / "audit.log"
    path.write_text(_event("me", "create", "services"))
    log = AuditLog(path)
    log.skip()
    with path.open("a") as more:
        more.write(_event("me", "patch", "services") + _event("me", "get", "services"))
        more.write(_event("me", "update", "leases") + _event("you", "create", "pods"))
        more.write(_event("me", "delete", "pods")[:20])
    log.read()
    assert (log.by("me"), log.by("you"), log.by("nobody")) == (1, 1, 0)
    with path.open("a") as more:
        more.write(_event("me", "delete", "pods")[20:])
    log.read()
    assert log.by("me") == 2


def _answers(stream: str, revision: str, first: float, last: float) -> dict[str, Any]:
    return {"stream": stream, "revision": revision, "requests": 9, "first_s": first, "last_s": last}


def test_an_update_is_read_from_the_loads_report() -> None:
    """From the apply to the first new answer, from the promote to the last old one."""
    seen = [
        _answers("new", "a", 15.0, 15.25),
        _answers("new", "b", 15.5, 30.0),
        _answers("keep-alive", "a", 15.0, 20.0),
    ]
    phases = [
        {"name": "applied", "begin_s": 10.0, "revisions": [_answers("new", "a", 10.0, 15.0)]},
        {"name": "promoted", "begin_s": 15.0, "revisions": seen},
        {"name": "steady", "begin_s": 30.0, "revisions": []},
    ]
    (update,) = shares.updates({"phases": phases}, "applied", "promoted")
    assert update == shares.Update(served=5.5, switched=0.5, lingered=0.25, kept=5.0)


def _found(title: str, seconds: float, peak: float) -> Found:
    phase = Phase(crowd.Times(seconds, 1.0, 1.0), 1.0, peak, 10, 20, ())
    return Found(title, phase, phase)


@pytest.mark.parametrize(
    ("seconds", "peak", "holds"), [(90.0, 100.0, True), (91.0, 100.0, False), (90.0, 101.0, False)]
)
def test_a_bar_that_is_missed_in_time_or_memory_does_not_hold(
    seconds: float, peak: float, *, holds: bool
) -> None:
    """The table must be able to say no; a peer without limits has no bar."""
    found = [
        _found("Slipway", seconds, peak),
        _found("Argo", 100.0, 100.0),
        _found("Argo unlimited", 1.0, 1.0),
    ]
    for _, rows in table.sections(found):
        assert [row.holds for row in rows] == [None, holds, None]
