from __future__ import annotations

import ast
import inspect
from itertools import islice
from typing import Any

import kopf
import pytest

from slipway_operator import handlers
from slipway_operator.api.types import Key
from slipway_operator.handlers import Doorbell, EndlessBackoff, NoDiffBase, NoProgress
from slipway_operator.kube.queue import LAZY, URGENT, USUAL

IRIS = Key("models", "iris")


class Ear:
    """A doorbell and what it rang."""

    def __init__(self) -> None:
        self.heard: list[tuple[Key, int]] = []
        self.bell = Doorbell(lambda key, priority: self.heard.append((key, priority)))

    def ring(self, kind: str | None, *, uid: str = "u1", generation: int = 1, **meta: Any) -> int:
        """One event; the priority it got."""
        named = {"namespace": "models", "name": "iris", "uid": uid, "generation": generation}
        self.bell.ring(kind, {"metadata": named | meta})
        key, priority = self.heard[-1]
        assert key == IRIS
        return priority


@pytest.fixture
def ear() -> Ear:
    """A doorbell that has not rung yet."""
    return Ear()


def test_a_new_object_is_urgent_and_a_listed_one_is_not(ear: Ear) -> None:
    """After a restart ten thousand objects are listed; a new one must not wait behind them."""
    assert ear.ring(None) == LAZY
    assert ear.ring("ADDED", uid="u2") == URGENT


@pytest.mark.parametrize(
    "change",
    [{"generation": 2}, {"annotations": {"a": "b"}}, {"uid": "u2"}],
    ids=lambda each: next(iter(each)),
)
def test_what_a_user_changes_is_urgent(ear: Ear, change: dict[str, Any]) -> None:
    """A spec, an annotation (promote, abort), a replacement: somebody sits there and waits."""
    ear.ring("ADDED")
    assert ear.ring("MODIFIED", **change) == URGENT


def test_our_own_status_writes_are_looked_at_in_passing(ear: Ear) -> None:
    """Else each report would cut the back-off of the error it reports, in a circle."""
    ear.ring("ADDED")
    assert ear.ring("MODIFIED", resourceVersion="2") == USUAL


def test_a_deletion_is_urgent_and_forgotten(ear: Ear) -> None:
    """And a new object of that name is new."""
    ear.ring("ADDED")
    assert ear.ring("DELETED") == URGENT
    assert ear.bell._known == {}
    assert ear.ring("ADDED") == URGENT


def test_the_back_off_never_ends_and_can_be_used_again() -> None:
    """Kopf iterates it for each request; a generator would be used up by the first outage."""
    backoff = EndlessBackoff()
    for _ in range(2):
        delays = list(islice(backoff, 1_000))
        assert len(delays) == 1_000
        assert delays[0] <= 0.5
        assert all(2.5 <= delay <= 5 for delay in delays[10:])
        assert len(set(delays[10:])) > 900


def test_kopf_is_set_up_to_write_nothing() -> None:
    """One forgotten default and every user's object gets an annotation or a finalizer."""
    chosen = handlers.settings()
    assert isinstance(chosen.persistence.diffbase_storage, NoDiffBase)
    assert isinstance(chosen.persistence.progress_storage, NoProgress)
    assert chosen.persistence.finalizer.startswith("slipway.dev/")
    assert not chosen.posting.enabled
    assert chosen.peering.standalone
    assert chosen.scanning.disabled
    assert chosen.admission.managed is None


def test_the_storages_keep_and_change_nothing() -> None:
    """Kopf would otherwise copy each body twice per event, or store a diff in it."""
    essence: Any = {"spec": {}}
    assert NoDiffBase().build(body={}, extra_fields=None) == {}
    assert NoDiffBase().fetch(body={}) is None
    assert NoProgress().fetch(key="k", body={}) is None
    assert NoProgress().clear(essence=essence) is essence


def test_only_events_are_handled() -> None:
    """Stateful handlers, timers, daemons and indices are what this operator is built to do without."""
    tree = ast.parse(inspect.getsource(handlers))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "on"
    }
    assert used == {"event", "login"}


def test_handlers_are_a_few_lines_at_most() -> None:
    """What is in a handler is untested kopf behaviour; what is behind it is ours."""
    tree = ast.parse(inspect.getsource(handlers.registry))
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)]
    assert bodies
    assert all(len(body) <= 5 for body in bodies)


def test_no_finalizer_or_state_is_asked_for_by_the_registry() -> None:
    """Kopf adds a finalizer as soon as one handler wants deletions held up."""
    made = handlers.registry(Doorbell(lambda *_: None), lambda: None, "https://x")  # type: ignore[arg-type,return-value] # never called
    assert isinstance(made, kopf.OperatorRegistry)
    assert not made._changing.get_all_handlers()
    assert not made._spawning.get_all_handlers()
    assert not made._indexing.get_all_handlers()
    assert len(made._watching.get_all_handlers()) == 1
