"""Stored revisions, lost ones and edited ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from builders import NAMESPACE, md_of, modeldeployment
from scenes import observed, revisions, settled
from simulator import Scene
from slipway_operator.core.history import next_number, next_promotion, prunable
from slipway_operator.core.revision import Revision


def replaced(scene: Scene, **changes: Any) -> None:
    """Somebody puts another content into the ControllerRevision, by deleting and creating it."""
    old = scene.child("ControllerRevision")
    scene.world.delete("ControllerRevision", NAMESPACE, old["metadata"]["name"])
    for name in ("uid", "resourceVersion", "managedFields", "creationTimestamp"):
        old["metadata"].pop(name)
    scene.world.create({**old, "data": {**old["data"], **changes}})


def test_a_stored_revision_reads_back_as_it_was_made() -> None:
    """What is frozen is what runs."""
    (found,) = revisions(settled())

    assert (found.number, found.promoted, found.stored, found.refused) == (1, 1, True, "")
    assert found.template["spec"]["containers"][0]["image"] == "slipway-runtime:1"
    assert found.input["graph"] == {"name": "iris", "modelUri": "s3://models/iris/1"}


def test_a_lost_revision_is_rebuilt_from_its_deployment() -> None:
    """Deleting history by hand must not restart what runs."""
    scene = settled(lambda md: md.restart_at("2026-11-21T09:00:00Z"))
    (before,) = revisions(scene)
    scene.world.delete("ControllerRevision", NAMESPACE, before.object_name)

    (found,) = revisions(scene)

    assert (found.name, found.restarted_at) == (before.name, before.restarted_at)
    assert not found.stored
    assert found.template["spec"]["containers"][0]["image"] == "slipway-runtime:1"
    assert "slipway.dev/track" not in found.template["metadata"]["labels"]


def test_a_live_template_that_we_would_never_render_is_not_stored() -> None:
    """A hand edit must not be frozen into history."""
    scene = settled()
    scene.world.delete("ControllerRevision", NAMESPACE, revisions(scene)[0].object_name)
    live = scene.child("Deployment")
    live["spec"]["template"]["spec"]["hostNetwork"] = True
    scene.world.put(live)

    assert revisions(scene) == ()


def test_an_object_under_a_wrong_name_is_ignored() -> None:
    """A copy of a revision, made by hand, is not a second one."""
    scene = settled()
    copy = scene.child("ControllerRevision")
    copy["metadata"] |= {"name": "copy", "managedFields": []}
    scene.world.create(copy)

    assert len(observed(scene).controller_revisions) == 2
    assert len(revisions(scene)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"template": None},
        {"template": {}},
        {"template": {"spec": {"hostPID": True}}},
        {"template": {"metadata": 1, "spec": {"containers": 5}}},
    ],
)
def test_an_edited_template_is_refused_with_a_reason(changes: dict[str, Any]) -> None:
    """Whoever may write history must not run pods through the operator."""
    scene = settled()
    replaced(scene, **changes)

    (found,) = revisions(scene)

    assert found.refused


@pytest.mark.parametrize("value", ["", "many", "-1", "²", "9" * 9000])
def test_a_mark_that_is_no_number_counts_as_none(value: str) -> None:
    """An annotation anybody may edit must not stop the operator."""
    scene = settled()
    child = scene.child("ControllerRevision")
    child["metadata"]["annotations"]["slipway.dev/promoted"] = value
    scene.world.put(child)

    assert revisions(scene)[0].promoted == 0


def test_numbers_and_promotions_only_grow() -> None:
    """The newest of either must be unmistakable."""
    assert (next_number([]), next_promotion([])) == (1, 1)
    (found,) = revisions(settled())
    assert (next_number([found]), next_promotion([replace(found, promoted=7)])) == (2, 8)


def past(count: int) -> list[Revision]:
    """That many stored revisions."""
    (found,) = revisions(settled())
    return [replace(found, name=f"r{place}", number=place) for place in range(count)]


@pytest.mark.parametrize(("limit", "pruned"), [(None, ["r0", "r1"]), (3, 9), (0, 12), (100, 0)])
def test_pruning_keeps_the_newest_that_play_no_role(limit: int | None, pruned: Any) -> None:
    """History is bounded, and what is in use is neither pruned nor counted."""
    md = md_of(modeldeployment().spec(revisionHistoryLimit=limit).raw())

    found = [revision.name for revision in prunable(md, past(13), {"r5"})]

    assert found == pruned or len(found) == pruned
    assert "r5" not in found


def test_lost_revisions_are_not_pruned() -> None:
    """What is not stored cannot be deleted."""
    md = md_of(modeldeployment().spec(revisionHistoryLimit=0).raw())

    assert prunable(md, [replace(revision, stored=False) for revision in past(2)], set()) == []
