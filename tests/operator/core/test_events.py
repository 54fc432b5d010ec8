"""Warnings: each trouble once."""

from __future__ import annotations

from typing import Any

import pytest

from scenes import settled
from slipway_operator.core.events import troubles
from workflow_steps import BAD
from world_pods import Outcome


def status(*conditions: tuple[str, str]) -> dict[str, Any]:
    """A status with these reasons and messages."""
    return {"conditions": [{"reason": reason, "message": message} for reason, message in conditions]}


def test_a_new_trouble_is_told_with_its_message() -> None:
    """The Event says what the condition says."""
    (event,) = troubles({}, status(("Unschedulable", "0/3 nodes"), ("Unschedulable", "0/3 nodes")))

    assert (event.type, event.reason, event.message) == ("Warning", "Unschedulable", "0/3 nodes")


def test_a_trouble_that_goes_on_is_not_told_again() -> None:
    """A model that cannot be pulled all night must not fill etcd with Events."""
    before = status(("ModelPullFailed", "Timeout: a"))

    assert troubles(before, status(("ModelPullFailed", "Timeout: b"))) == ()


@pytest.mark.parametrize(
    "reason",
    ["Serving", "RollingOut", "Scaling", "Paused", "ScaledToZero", "NoReadyPods", "WaitingForCleanup"],
)
def test_what_goes_as_intended_is_no_trouble(reason: str) -> None:
    """A warning must mean something."""
    assert troubles({}, status((reason, "x"))) == ()


@pytest.mark.parametrize("before", [{}, {"conditions": None}, {"conditions": [{}]}])
def test_any_status_of_before_is_survived(before: dict[str, Any]) -> None:
    """The first look, or a status that somebody edited."""
    assert len(troubles(before, status(("Crashing", "x")))) == 1


def test_a_bad_model_warns_once_however_often_it_is_looked_at() -> None:
    """Through all of an update that fails until its deadline, and the deadline once."""
    scene = settled()
    scene.operator.events.clear()
    scene.cluster.outcomes[BAD] = Outcome(state="pull-failed", reason="Timeout", message="no answer")
    scene.apply(lambda md: md.model(BAD))
    scene.settle()
    scene.world.advance(600)
    scene.settle()
    for _ in range(5):
        scene.world.advance(60)
        scene.operator.look()

    warnings = [event.reason for event in scene.operator.events if event.type == "Warning"]
    assert warnings == ["ModelPullFailed", "ProgressDeadlineExceeded"]
