"""The pipeline as a whole: pure, idempotent, and quiet when there is nothing to do."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import NAMESPACE, Builder, modeldeployment
from full_manifest import autoscaled, fixed_size
from scenes import observed, settled
from simulator import Scene
from slipway_operator.api.names import LABEL_TRACK
from slipway_operator.core.decide import Defaults, decide
from slipway_operator.core.observed import Observed
from workflow_steps import BAD
from world_pods import Outcome

CPU = {"requests": {"cpu": "100m"}}
SPECS = st.fixed_dictionaries(
    {
        "uri": st.sampled_from(["s3://models/iris/1", "s3://models/iris/2"]),
        "size": st.sampled_from([None, 0, 1, 3]),
        "hpa": st.sampled_from([None, {"minReplicas": 1, "maxReplicas": 3}, {"maxReplicas": 2}]),
        "pdb": st.sampled_from([None, {"maxUnavailable": 1}, {"minAvailable": "50%"}]),
        "paused": st.booleans(),
        "predictor": st.sampled_from(["main", "second"]),
        "limit": st.sampled_from([None, 0, 1]),
        "restart": st.sampled_from([None, "2026-11-21T09:00:00Z"]),
        "bad": st.booleans(),
        "strategy": st.sampled_from(
            [
                None,
                {"type": "BlueGreen"},
                {"type": "BlueGreen", "blueGreen": {"autoPromotionSeconds": 5, "previewReplicaCount": 1}},
            ]
        ),
    }
)
DELAYS = (6, 31, 61)
"""Until a promotion, until the old set goes, until the autoscaler may shrink the new one."""
Choice = dict[str, Any]


def chosen(builder: Builder, choice: Choice) -> None:
    """A spec of many."""
    builder.model(BAD if choice["bad"] else choice["uri"])
    builder.spec(paused=choice["paused"] or None, revisionHistoryLimit=choice["limit"])
    builder.spec(strategy=choice["strategy"])
    builder.restart_at(choice["restart"])
    builder.replicas(None if choice["hpa"] else choice["size"])
    builder.predictor(name=choice["predictor"], resources=CPU, hpaSpec=choice["hpa"], pdbSpec=choice["pdb"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(SPECS, min_size=1, max_size=4), st.integers(0, 3))
def test_whatever_is_asked_for_in_whatever_order_settles_and_then_rests(
    choices: list[Choice], turns: int
) -> None:
    """A plan that was carried out leaves nothing to plan, after any history of specs."""
    scene = Scene()
    scene.cluster.outcomes[BAD] = Outcome(state="pull-failed", reason="Timeout", message="no answer")
    for choice in choices:
        scene.apply(lambda md, choice=choice: chosen(md, choice))  # type: ignore[misc] # the default binds the loop's value
        for _ in range(turns):
            scene.operator.look()
            scene.cluster.step()

    scene.settle()

    assert scene.operator.decision().writes == ()
    assert not scene.violation()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SPECS, SPECS)
def test_the_end_does_not_depend_on_where_it_began(first: Choice, last: Choice) -> None:
    """What is declared is what is there, as far as it can be: the children of the last spec alone."""
    last = last | {"paused": False, "bad": False}
    scene = Scene()
    for choice in (first | {"paused": False, "bad": False}, last):
        scene.apply(lambda md, choice=choice: chosen(md, choice))  # type: ignore[misc] # the default binds the loop's value
        scene.settle()
    for delay in DELAYS:
        scene.later(delay)
    fresh = Scene()
    fresh.apply(lambda md: chosen(md, last))
    fresh.settle()

    for kind in ("Service", "HorizontalPodAutoscaler", "PodDisruptionBudget"):
        assert specs(scene, kind) == specs(fresh, kind)
    assert len(specs(scene, "Deployment")) == 1


def specs(scene: Scene, kind: str) -> list[Any]:
    """What the children of a kind ask for, by name; a set is a set, whatever its revision is called.

    A restart that is asked for no more leaves its revision in place, and that has a name of its own.
    """
    text = json.dumps(scene.world.list(kind, NAMESPACE))
    for one in scene.world.list("Deployment", NAMESPACE):
        track = one["spec"]["selector"]["matchLabels"][LABEL_TRACK]
        text = text.replace(one["metadata"]["name"], "SET").replace(f'"{track}"', '"TRACK"')
    listed = json.loads(text)
    for obj in listed:  # what the server once filled in stays: as good as absent
        behavior = obj["spec"].pop("behavior", {})
        assert behavior.get("scaleDown", {}).get("selectPolicy") != "Disabled"
    return [(obj["metadata"]["name"], obj["spec"]) for obj in listed]


@pytest.mark.parametrize("manifest", [fixed_size(), autoscaled()], ids=["fixed", "autoscaled"])
def test_deciding_changes_nothing_that_it_was_given(manifest: dict[str, Any]) -> None:
    """A decision that edited what it read would make the next one differ."""
    scene = settled()
    scene.world.apply(
        {**manifest, "metadata": {"name": "iris", "namespace": NAMESPACE}}, "kubectl", force=True
    )
    md, seen = scene.operator.modeldeployment(), observed(scene)
    before = deepcopy((md, seen))

    first = decide(md, seen, Defaults(runtime_image="i"), scene.world.now)
    second = decide(md, seen, Defaults(runtime_image="i"), scene.world.now)

    assert (md, seen) == before
    assert first == second


def test_a_fraction_of_a_second_makes_no_difference() -> None:
    """Times are written in whole seconds, so they are decided in whole seconds."""
    scene = Scene()
    scene.apply()
    md, defaults = scene.operator.modeldeployment(), Defaults(runtime_image="i")

    later = scene.world.now + timedelta(microseconds=999_999)

    assert decide(md, Observed(), defaults, scene.world.now) == decide(md, Observed(), defaults, later)


def test_an_upgraded_operator_writes_nothing() -> None:
    """Ten thousand models must not be rolled because the operator's image changed."""
    scene = settled()
    scene.operator.image = "slipway-runtime:99"

    assert scene.operator.decision().writes == ()


def test_a_settled_model_needs_no_look() -> None:
    """Nothing is polled."""
    assert settled().operator.decision().requeue_after is None


def test_an_update_is_looked_at_again_at_its_deadline() -> None:
    """Nothing else would tell that time is up."""
    scene = settled()
    scene.cluster.outcomes[BAD] = Outcome(state="pending")
    scene.apply(lambda md: md.model(BAD).spec(progressDeadlineSeconds=30))
    scene.operator.look()

    assert scene.operator.decision().requeue_after == 30
    scene.world.advance(30)
    assert scene.operator.decision().requeue_after is None


@pytest.mark.parametrize(("name", "namespace"), [("a", "x"), ("a" * 40, "y")])
def test_every_name_is_one_that_kubernetes_takes(name: str, namespace: str) -> None:
    """The longest name of a ModelDeployment must still make valid children."""
    scene = Scene()
    scene.operator.name, scene.operator.namespace = name, namespace
    longest = modeldeployment(name, namespace).predictor(
        name="p" * 15, resources=CPU, pdbSpec={"minAvailable": 1}
    )
    longest.predictor(hpaSpec={"maxReplicas": 2})
    scene.world.apply(longest.raw(), "kubectl", force=True)

    names = [write.ref.name for write in scene.operator.decision().writes]

    assert len(names) == 5
    assert all(0 < len(one) <= 63 and one.strip("-") == one for one in names)
    assert names[2] == name
