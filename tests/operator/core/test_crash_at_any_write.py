"""An operator killed at any write of any workflow ends where an undisturbed one does."""

from __future__ import annotations

import os
import random

import pytest

from simulator import Kill, Run, Workflow, replay
from workflows import WORKFLOWS

PLACES = ((False, 3), (True, 0), (True, 3))
"""Whether the write took effect, and for how many turns of the cluster the operator is away.

(Before a write and back at once is no crash at all: nothing is remembered between two looks.)
"""


EXHAUSTIVE = os.environ.get("SLIPWAY_TEST_EXHAUSTIVE") == "1"
"""All places at every write, instead of one at every other write: six times as long."""


def places(workflow: Workflow, write: int) -> tuple[tuple[bool, int], ...]:
    """Where to die at one write: the places take turns, beginning elsewhere in each workflow."""
    if EXHAUSTIVE:
        return PLACES
    turn, skipped = divmod(write + len(workflow.name), 2)
    return () if skipped else (PLACES[turn % len(PLACES)],)


def named(workflow: Workflow) -> str:
    """A workflow's name as a test id."""
    return workflow.name.replace(" ", "-")


@pytest.fixture(scope="module", params=WORKFLOWS, ids=named)
def workflow(request: pytest.FixtureRequest) -> Workflow:
    """One after the other, so that only one reference is kept."""
    found: Workflow = request.param
    return found


@pytest.fixture(scope="module")
def reference(workflow: Workflow) -> Run:
    """The workflow undisturbed."""
    return replay(workflow)


def test_a_workflow_ends_and_rests(reference: Run) -> None:
    """Whatever a user or a stranger does, it settles, within the invariants, and then costs no writes."""
    assert reference.writes > 0


def test_a_crash_at_any_write_changes_nothing_about_the_end(workflow: Workflow, reference: Run) -> None:
    """A node that dies under the operator must not cost the user a pod, an object or a request."""
    for write in range(reference.writes):
        for applied, away in places(workflow, write):
            run = replay(workflow, [Kill(write, applied, away)], reference.before(write))
            where = f"killed {'after' if applied else 'before'} write {write}, away for {away}"
            assert run.state == reference.state, where
            assert run.made == reference.made, where


def test_two_crashes_change_nothing_about_the_end(workflow: Workflow, reference: Run) -> None:
    """An operator that dies again while it recovers must still recover."""
    draw = random.Random(workflow.name)  # noqa: S311 -- a seeded sample, not a secret

    for _ in range(5 if EXHAUSTIVE else 2):
        first = draw.randrange(reference.writes)
        second = first + draw.randrange(1, 4)
        kills = [Kill(write, *draw.choice(PLACES)) for write in (first, second)]
        run = replay(workflow, kills, reference.before(first))
        assert (run.state, run.made) == (reference.state, reference.made), kills
