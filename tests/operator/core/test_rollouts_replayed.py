"""Whole rolling rollouts, replayed step by step against literal tables.

Each row is one turn: what the operator writes, then, after the cluster's turn, the pods by model and
what `kubectl get` shows. The operator looks until it has nothing to write before the cluster moves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from scenes import settled
from simulator import Scene
from slipway_operator.core.actions import SetReplicas, Write
from workflow_steps import BAD, autoscaled
from world_pods import Outcome


class Row(NamedTuple):
    """One turn."""

    writes: str
    pods: str
    ready: str
    summary: str


def told(write: Write) -> str:
    """A write in two words."""
    size = f" {write.replicas}" if isinstance(write, SetReplicas) else ""
    return f"{type(write).__name__} {write.ref.kind}{size}"


def turn(scene: Scene) -> Row:
    """One turn of the operator, then one of the cluster, then what the operator says to it."""
    done: list[str] = []
    while writes := scene.operator.decision().writes:
        done += [told(write) for write in writes]
        scene.operator.look()
    scene.operator.look()
    scene.cluster.step()
    scene.world.advance(1)
    pods = " ".join(f"{count}x{model}" for (model, _), count in sorted(scene.pods().items()))
    decision = scene.operator.decision()
    ready = decision.status["conditions"][0]
    return Row(
        ", ".join(done), pods, f"{ready['status']} {ready['reason']}", decision.status["replicasSummary"]
    )


def replayed(scene: Scene, change: Callable[[Scene], object], turns: int) -> list[Row]:
    """So many turns after a change."""
    change(scene)
    return [turn(scene) for _ in range(turns)]


def model(name: str) -> Callable[[Scene], object]:
    """The user asks for another model."""
    return lambda scene: scene.apply(lambda md: md.model(f"s3://models/iris/{name}"))


FIRST = "SetReplicas Deployment 2, Update Deployment"


def test_a_first_deployment() -> None:
    """Stored, started, exposed; promoted when all of it is there."""
    scene = Scene()

    rows = replayed(scene, lambda scene: scene.apply(lambda md: md.replicas(2)), 3)

    assert rows == [
        Row("Create ControllerRevision, Create Deployment, Create Service", "2x1", "True Serving", "2/2"),
        Row("Annotate ControllerRevision", "2x1", "True Serving", "2/2"),
        Row("", "2x1", "True Serving", "2/2"),
    ]


def test_a_new_model() -> None:
    """One more pod at a time, never one fewer; Ready only when nothing of the old one is left."""
    rows = replayed(settled(), model("2"), 6)

    assert rows == [
        Row(f"Create ControllerRevision, {FIRST}", "2x1 1x2", "False RollingOut", "3/2"),
        Row("", "1x1 1x2", "False RollingOut", "2/2"),
        Row("", "1x1 2x2", "False RollingOut", "3/2"),
        Row("", "2x2", "True Serving", "2/2"),
        Row("Annotate ControllerRevision", "2x2", "True Serving", "2/2"),
        Row("", "2x2", "True Serving", "2/2"),
    ]


def test_a_new_model_that_cannot_be_pulled() -> None:
    """It never takes traffic, the old one stays whole, and the reason is told."""
    scene = settled()
    scene.cluster.outcomes[BAD] = Outcome(state="pull-failed", reason="Timeout", message="no answer")

    rows = replayed(scene, model("bad"), 4)

    assert rows == [
        Row(f"Create ControllerRevision, {FIRST}", "2x1 1xbad", "False ModelPullFailed", "2/2"),
        *[Row("", "2x1 1xbad", "False ModelPullFailed", "2/2")] * 3,
    ]
    assert scene.serving() == 2


def test_going_back_while_an_update_is_under_way() -> None:
    """The frozen pods of the old revision are put back; no new revision is made."""
    scene = settled()
    scene.cluster.outcomes[BAD] = Outcome(state="pull-failed", reason="Timeout", message="no answer")
    replayed(scene, model("bad"), 3)

    rows = replayed(scene, model("1"), 2)

    assert rows == [
        Row("Update Deployment", "2x1", "True Serving", "2/2"),
        Row("", "2x1", "True Serving", "2/2"),
    ]


def test_a_rollback_after_the_update() -> None:
    """An update like any other, with the pods that were frozen then."""
    scene = settled()
    replayed(scene, model("2"), 6)

    rows = replayed(scene, model("1"), 6)

    assert [row.writes for row in rows] == [
        "Update Deployment",
        "",
        "",
        "",
        "Annotate ControllerRevision",
        "",
    ]
    assert rows[-1] == Row("", "2x1", "True Serving", "2/2")


def test_scaling_alone() -> None:
    """Ready stays True all along: what the spec asks for serves, only not yet in that number."""
    rows = replayed(settled(), lambda scene: scene.apply(lambda md: md.replicas(4)), 2)

    assert rows == [
        Row("SetReplicas Deployment 4", "4x1", "True Serving", "4/4"),
        Row("", "4x1", "True Serving", "4/4"),
    ]


def test_an_update_of_an_autoscaled_set() -> None:
    """It is replaced at the size that the autoscaler gave it, which nobody else writes."""
    scene = Scene()
    autoscaled(scene)
    scene.settle()

    rows = replayed(scene, model("2"), 10)

    assert rows[0].writes == "Create ControllerRevision, Update Deployment"
    assert {row.summary.partition("/")[2] for row in rows} == {"4"}
    assert rows[-1] == Row("", "4x2", "True Serving", "4/4")


def test_a_renamed_predictor() -> None:
    """Make before break: the new set is up before the Service's selector moves, then the old one goes."""
    rows = replayed(settled(), lambda scene: scene.apply(lambda md: md.predictor(name="second")), 5)

    assert rows == [
        Row("Create ControllerRevision, Create Deployment", "4x1", "False RollingOut", "2/2"),
        Row("Update Service", "4x1", "True Serving", "2/2"),
        Row("Delete Deployment, Annotate ControllerRevision", "2x1", "True Serving", "2/2"),
        Row("", "2x1", "True Serving", "2/2"),
        Row("", "2x1", "True Serving", "2/2"),
    ]


def test_a_renamed_predictor_that_does_not_come_up_leaves_the_old_one_serving() -> None:
    """The old set is not touched, however long it takes."""
    scene = settled()
    scene.cluster.outcomes[BAD] = Outcome(state="crashing")

    rows = replayed(scene, lambda scene: scene.apply(lambda md: md.model(BAD).predictor(name="second")), 4)

    assert rows[0].writes == "Create ControllerRevision, Create Deployment"
    assert [row.writes for row in rows[1:]] == ["", "", ""]
    assert rows[-1] == Row("", "2x1 2xbad", "False Crashing", "2/2")
    assert scene.serving() == 2


def test_a_restart() -> None:
    """The same model in new pods, once."""
    rows = replayed(settled(), lambda scene: scene.apply(lambda md: md.restart_at("2026-11-21T09:00:00Z")), 6)

    assert rows[0].writes == f"Create ControllerRevision, {FIRST}"
    assert [row.writes for row in rows[1:]] == ["", "", "", "Annotate ControllerRevision", ""]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("surge", [1, "25%", "100%"])
@pytest.mark.parametrize("unavailable", [0, 1, "50%"])
def test_an_update_of_any_shape_ends_within_its_limits(
    size: int, surge: int | str, unavailable: int | str
) -> None:
    """Whatever limits a user chooses, Kubernetes is told them and the update is promoted."""
    limits = {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
    scene = settled(lambda md: md.replicas(size).spec(strategy=limits))
    scene.floor = size if unavailable == 0 else 0

    rows = replayed(scene, model("2"), 2 * size + 5)

    assert not scene.violation()
    assert rows[-1] == Row("", f"{size}x2", "True Serving", f"{size}/{size}")
