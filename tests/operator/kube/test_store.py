from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_operator.api.types import Key
from slipway_operator.core.actions import Kind
from slipway_operator.kube.store import Store

IRIS = Key("models", "iris")
WINE = Key("models", "wine")


def child(
    name: str = "iris-1", *, owner: str = "iris", uid: str = "u1", version: int = 1, **spec: Any
) -> Any:
    """A child as the API server shows it."""
    labels = {"slipway.dev/modeldeployment": owner} if owner else {}
    return {
        "metadata": {
            "namespace": "models",
            "name": name,
            "uid": uid,
            "resourceVersion": str(version),
            "labels": labels,
        },
        "spec": spec,
    }


@pytest.fixture
def store() -> Store:
    """A store that keeps everything."""
    return Store(lambda raw: raw)


def shown(store: Store, key: Key = IRIS, kind: Kind = Kind.DEPLOYMENT) -> list[tuple[str, int, Any]]:
    """Name, version and spec of what the store has."""
    return [
        (each["metadata"]["name"], int(each["metadata"]["resourceVersion"]), each["spec"])
        for each in store.children(key)[kind]
    ]


def test_a_child_is_found_under_the_modeldeployment_its_label_names(store: Store) -> None:
    """The index is what makes a look cost one read of the API server instead of seven."""
    assert store.put(Kind.DEPLOYMENT, child(replicas=2)) == {IRIS}
    assert shown(store) == [("iris-1", 1, {"replicas": 2})]
    assert shown(store, WINE) == []


def test_what_is_kept_is_what_slim_keeps() -> None:
    """Ten thousand children with their managedFields would not fit into the operator's memory."""
    store = Store(lambda raw: {"metadata": {**raw["metadata"], "labels": None}, "spec": {"kept": 1}})
    store.put(Kind.POD, child(big="x" * 10_000))
    assert shown(store, kind=Kind.POD) == [("iris-1", 1, {"kept": 1})]


def test_a_change_that_changes_nothing_wakes_nobody(store: Store) -> None:
    """An HPA's or a node's heartbeat must not become a reconcile."""
    store.put(Kind.DEPLOYMENT, child(version=1, replicas=2))
    assert store.put(Kind.DEPLOYMENT, child(version=2, replicas=2)) == set()
    assert shown(store) == [("iris-1", 2, {"replicas": 2})]
    assert store.put(Kind.DEPLOYMENT, child(version=3, replicas=3)) == {IRIS}


def test_an_old_event_does_not_hide_our_own_newer_write(store: Store) -> None:
    """Read-your-writes: acting on a view older than one's own write is how controllers double things."""
    store.put(Kind.DEPLOYMENT, child(version=7, replicas=7))
    assert store.put(Kind.DEPLOYMENT, child(version=5, replicas=5)) == set()
    assert shown(store) == [("iris-1", 7, {"replicas": 7})]


def test_versions_are_compared_as_numbers(store: Store) -> None:
    """As text, version 10 is older than version 9."""
    store.put(Kind.DEPLOYMENT, child(version=9, replicas=9))
    store.put(Kind.DEPLOYMENT, child(version=10, replicas=10))
    assert shown(store) == [("iris-1", 10, {"replicas": 10})]


def test_a_child_that_changes_hands_wakes_both(store: Store) -> None:
    """Whoever edits the label takes a child from one object and gives it to another."""
    store.put(Kind.DEPLOYMENT, child(version=1))
    assert store.put(Kind.DEPLOYMENT, child(version=2, owner="wine")) == {IRIS, WINE}
    assert shown(store) == []
    assert shown(store, WINE) == [("iris-1", 2, {})]


def test_a_child_that_loses_its_label_is_no_child_any_more(store: Store) -> None:
    """Its owner is woken, finds it missing, and looks live."""
    store.put(Kind.DEPLOYMENT, child(version=1))
    assert store.put(Kind.DEPLOYMENT, child(version=2, owner="")) == {IRIS}
    assert shown(store) == []


def test_a_child_of_ours_without_its_label_can_be_put_under_its_owner(store: Store) -> None:
    """Otherwise a removed label would hide the child from the very look that puts the label back."""
    assert store.put(Kind.DEPLOYMENT, child(owner=""), owner=IRIS) == {IRIS}
    assert shown(store) == [("iris-1", 1, {})]


def test_a_deleted_child_is_gone(store: Store) -> None:
    """A deletion wakes the owner, who puts the child back."""
    store.put(Kind.DEPLOYMENT, child(version=1))
    assert store.remove(Kind.DEPLOYMENT, child(version=2)) == {IRIS}
    assert shown(store) == []
    assert len(store) == 0


def test_late_news_of_a_deletion_does_not_remove_the_new_child_of_that_name(store: Store) -> None:
    """Delete and create in a row: the deletion's event may come after the create's answer."""
    store.put(Kind.DEPLOYMENT, child(uid="u1", version=1))
    store.put(Kind.DEPLOYMENT, child(uid="u2", version=5))
    assert store.remove(Kind.DEPLOYMENT, child(uid="u1", version=3)) == set()
    assert shown(store) == [("iris-1", 5, {})]


def test_a_child_that_we_deleted_does_not_come_back_by_a_late_event(store: Store) -> None:
    """Else the next look would plan with a ghost, and delete it again and again."""
    store.put(Kind.DEPLOYMENT, child(uid="u1", version=1))
    store.forget(Kind.DEPLOYMENT, "models", "iris-1", "u1")
    assert store.put(Kind.DEPLOYMENT, child(uid="u1", version=2)) == set()
    assert shown(store) == []
    store.remove(Kind.DEPLOYMENT, child(uid="u1", version=3))
    assert store.put(Kind.DEPLOYMENT, child(uid="u2", version=4)) == {IRIS}


def test_a_list_sweeps_out_what_was_deleted_while_nobody_watched(store: Store) -> None:
    """The one thing a watch alone can never tell after an expired version."""
    store.put(Kind.DEPLOYMENT, child("iris-1", uid="u1", version=1))
    store.put(Kind.DEPLOYMENT, child("iris-2", uid="u2", version=2))
    began = store.turn()
    store.put(Kind.DEPLOYMENT, child("iris-2", uid="u2", version=2), listed_at=began)
    assert store.sweep(Kind.DEPLOYMENT, None, [("models", "iris-2")], began) == {IRIS}
    assert shown(store) == [("iris-2", 2, {})]


def test_a_list_does_not_sweep_out_what_we_created_while_it_ran(store: Store) -> None:
    """The list began before our create; not seeing it proves nothing."""
    began = store.turn()
    store.put(Kind.DEPLOYMENT, child("iris-1", version=9))
    assert store.sweep(Kind.DEPLOYMENT, None, [], began) == set()
    assert shown(store) == [("iris-1", 9, {})]


def test_a_list_replaces_also_newer_versions_from_before_it(store: Store) -> None:
    """A restored etcd counts from a lower version; holding on to the higher one would blind us for good."""
    store.put(Kind.DEPLOYMENT, child(version=900, replicas=9))
    began = store.turn()
    assert store.put(Kind.DEPLOYMENT, child(version=100, replicas=1), listed_at=began) == {IRIS}
    assert shown(store) == [("iris-1", 100, {"replicas": 1})]


def test_a_list_item_does_not_hide_a_write_made_while_it_ran(store: Store) -> None:
    """A chunk that was read before our write and arrives after it is old news."""
    store.put(Kind.DEPLOYMENT, child(version=1, replicas=1))
    began = store.turn()
    store.put(Kind.DEPLOYMENT, child(version=5, replicas=5))
    store.put(Kind.DEPLOYMENT, child(version=1, replicas=1), listed_at=began)
    assert shown(store) == [("iris-1", 5, {"replicas": 5})]


def test_a_sweep_of_one_namespace_leaves_the_others_alone(store: Store) -> None:
    """Namespaced operators list namespace by namespace."""
    store.put(Kind.DEPLOYMENT, child())
    assert store.sweep(Kind.DEPLOYMENT, "other", [], store.turn()) == set()
    assert store.sweep(Kind.DEPLOYMENT, "models", [], store.turn()) == {IRIS}


@given(
    events=st.lists(st.tuples(st.booleans(), st.integers(1, 9), st.sampled_from(["iris", "wine", ""]))),
)
def test_the_index_never_holds_what_the_store_does_not(events: list[tuple[bool, int, str]]) -> None:
    """A dangling index entry would crash every later look at that object."""
    store = Store(lambda raw: raw)
    for deleted, version, owner in events:
        raw = child(version=version, owner=owner)
        if deleted:
            store.remove(Kind.SERVICE, raw)
        else:
            store.put(Kind.SERVICE, raw)
        found = [each for key in (IRIS, WINE) for each in store.children(key)[Kind.SERVICE]]
        assert len(found) == len(store) <= 1
