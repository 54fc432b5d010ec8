"""Whatever Slipway wrote into a child, and a hand changed, stands there again within seconds.

No pod runs: the models ask for a priority that nobody defined, so their pods are refused, and only what is
written is looked at. What real pods make of a repair is tested in tests/cluster.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from drift import Field, owned
from full_manifest import autoscaled, fixed_size
from live_kube import ApiError
from live_operator import Stage
from live_paths import Json, Ref

REPAIRED_WITHIN = 10.0
EACH = 1 if os.environ.get("SLIPWAY_TEST_EXHAUSTIVE") == "1" else 8
"""Of the pod templates' fields, which all go the same way, a few will do in a shortened run."""

MANAGERS = ("slipway", "slipway-replicas", "slipway-marks")
KINDS = {
    "Service": 50,
    "Deployment": 50,
    "ControllerRevision": 10,
    "HorizontalPodAutoscaler": 10,
    "PodDisruptionBudget": 10,
}
"""And of how many fields at least a change must have been undone."""

TEMPLATE = "spec.template."
SKIPPED = ("metadata.annotations.slipway.dev/step-started-at", "revision", "spec.replicas", "data")
"""When something happened and in which order: no other place knows it better. A size: it may be an
autoscaler's; test_operator_children has the other case. What is stored of a revision: immutable."""

FIXED = (
    "spec.selector",
    "spec.strategy.type",
    "spec.template.metadata.labels.slipway.dev/",
    "spec.template.spec.containers[server].livenessProbe.successThreshold",
    "spec.template.spec.containers[server].startupProbe.successThreshold",
)
"""What the API server lets nobody change, not alone at least."""


@pytest.fixture(scope="module")
def edited(shared: Stage) -> Stage:
    """An operator with two models that have every field of the spec between them, and every kind of child."""
    for model, manifest in (("fixed", fixed_size()), ("scaled", autoscaled())):
        spec = manifest["spec"]
        spec.pop("rollout", None)
        shared.declare(model, **spec)
        shared.reported(model, seconds=60)
    return shared


@dataclass
class Found:
    """What came of the changes by hand, by field."""

    repaired: list[str] = field(default_factory=list)
    unchangeable: list[str] = field(default_factory=list)
    wrong: dict[str, str] = field(default_factory=dict)


def change_all(stage: Stage, kind: str) -> Found:
    """Changes each owned field of each child of a kind, one after the other, and waits for its return."""
    found = Found()
    for ref in refs(stage, kind):
        child = stage.kube.require(ref)
        for number, one in enumerate(owned(child, MANAGERS)):
            name = str(one)
            if name.startswith(SKIPPED) or (name.startswith(TEMPLATE) and number % EACH):
                continue
            try:
                (found.repaired if changed_back(stage, ref, one) else found.unchangeable).append(name)
            except AssertionError as error:
                found.wrong[f"{ref} {name}"] = str(error)
    return found


def changed_back(stage: Stage, ref: Ref, one: Field) -> bool:
    """Whether the API server took a change, which was then undone."""
    live = stage.kube.require(ref)
    good = one.value(live)
    for patch in one.patches(live):
        with suppress(ApiError):
            if one.value(stage.kube.json_patch(ref, patch)) == good:
                continue
            stage.kube.until(
                ref, f"{one} as it was", lambda now: one.value(now) == good, seconds=REPAIRED_WITHIN
            )
            return True
    return False


@pytest.mark.parametrize(("kind", "fewest"), KINDS.items())
def test_every_field_that_a_hand_changes_is_put_back(edited: Stage, kind: str, fewest: int) -> None:
    """Nobody has to know which fields matter: what was declared is what runs."""
    found = change_all(edited, kind)
    assert found.wrong == {}
    assert not [name for name in found.unchangeable if not name.startswith(FIXED)]
    assert len(found.repaired) >= fewest


@pytest.mark.parametrize("kind", KINDS)
def test_every_child_that_a_hand_deletes_comes_back(edited: Stage, kind: str) -> None:
    """All at once, as a selector that matched too much takes them."""
    gone = [edited.kube.require(ref) for ref in refs(edited, kind)]
    for ref in refs(edited, kind):
        edited.kube.delete(ref)
    for child in gone:
        ref = edited.ref(kind, child["metadata"]["name"])
        edited.kube.until(ref, "a new one", other_than(child), seconds=REPAIRED_WITHIN)
    assert {ref.name for ref in refs(edited, kind)} == {child["metadata"]["name"] for child in gone}


def other_than(gone: Json) -> Callable[[Json], bool]:
    """Whether it is another object of that name."""
    return lambda now: bool(now["metadata"]["uid"] != gone["metadata"]["uid"])


def refs(stage: Stage, kind: str) -> list[Ref]:
    """All children of that kind, of both models."""
    found = stage.kube.all_of(kind, stage.namespace, "app.kubernetes.io/managed-by=slipway")
    return [stage.ref(kind, one["metadata"]["name"]) for one in found]
