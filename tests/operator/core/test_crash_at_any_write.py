"""An operator killed at any write of any workflow ends where an undisturbed one does."""

from __future__ import annotations

import random
from functools import cache

import pytest

from simulator import Kill, Run, Workflow, replay
from workflows import WORKFLOWS

AWAY = (0, 3)
"""The operator is back at once, or the cluster has gone on meanwhile."""


@cache
def undisturbed(workflow: Workflow) -> Run:
    """The reference."""
    return replay(workflow)


def named(workflow: Workflow) -> str:
    """A workflow's name as a test id."""
    return workflow.name.replace(" ", "-")


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=named)
def test_a_workflow_ends_and_rests(workflow: Workflow) -> None:
    """Whatever a user or a stranger does, it settles, within the invariants, and then costs no writes."""
    assert undisturbed(workflow).writes > 0


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=named)
def test_a_crash_at_any_write_changes_nothing_about_the_end(workflow: Workflow) -> None:
    """A node that dies under the operator must not cost the user a pod, an object or a request."""
    reference = undisturbed(workflow)

    for write in range(reference.writes):
        for applied in (False, True):
            for away in AWAY:
                run = replay(workflow, [Kill(write, applied, away)])
                where = f"killed {'after' if applied else 'before'} write {write}, away for {away}"
                assert run.state == reference.state, where
                assert run.made == reference.made, where


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=named)
def test_two_crashes_change_nothing_about_the_end(workflow: Workflow) -> None:
    """An operator that dies again while it recovers must still recover."""
    reference = undisturbed(workflow)
    draw = random.Random(workflow.name)  # noqa: S311 -- a seeded sample, not a secret

    for _ in range(6):
        first = draw.randrange(reference.writes)
        kills = [
            Kill(first, draw.random() < 0.5, draw.choice(AWAY)),
            Kill(first + draw.randrange(1, 4), draw.random() < 0.5, draw.choice(AWAY)),
        ]
        run = replay(workflow, kills)
        assert (run.state, run.made) == (reference.state, reference.made), kills
