"""The conditions on the way through each kind of change, as the resource's page has them.

The operator looks after each of its own writes too, before the cluster has seen them: a condition
that flickers shows.
"""

from __future__ import annotations

import re

import pytest

from documents import page
from kstatus import judged
from simulator import Scene
from workflows import WORKFLOWS
from world import Change

HEADING = "## Conditions on the way"
ROW = re.compile(r"^\| (?P<name>[^|`]+) \| (?P<cell>[^|]+) \|$", re.MULTILINE)
TABLE = {
    row["name"]: [] if row["cell"] == "nothing" else row["cell"].split(" → ")
    for row in ROW.finditer(page().partition(HEADING)[2].partition("\n## ")[0])
    if row["name"] not in {"change", "---"}
}
"""What the resource's page promises, by workflow."""


def told(change: Change) -> str:
    """The conditions of one status, as the page writes them."""
    said = {one["type"]: one for one in change.object.get("status", {}).get("conditions", ())}
    if not said:
        return ""
    ready = said["Ready"]
    under_way = said.get("Reconciling") or said.get("Stalled")
    sign = "✓" if ready["status"] == "True" else "✗" if "Stalled" in said else "↻"
    parts = [sign, ready["reason"]]
    if under_way is not None and under_way["reason"] != ready["reason"]:
        parts.append(f"({under_way['reason']})")
    return " ".join([*parts, *([] if said["Available"]["status"] == "True" else ["○"])])


MOST_LOOKS = 40
"""Until the operator has nothing to write, while nobody else does anything."""


def sequence(scene: Scene, start: int) -> list[str]:
    """The different conditions since `start`, in order."""
    found: list[str] = []
    for change in scene.world.log[start:]:
        if change.object["kind"] == "ModelDeployment" and (now := told(change)) and found[-1:] != [now]:
            found.append(now)
    return found


def played(name: str) -> tuple[Scene, list[str]]:
    """A workflow with the operator looking until it has nothing to do before the cluster moves."""
    workflow = next(one for one in WORKFLOWS if one.name == name)
    scene = workflow.scene()
    start = len(scene.world.log)
    for change in workflow.changes:
        change(scene)
        for _ in range(40):
            version = scene.world.version
            looks = 0
            while scene.operator.look():
                looks += 1
                assert looks < MOST_LOOKS, "it undoes its own work"
            scene.cluster.step()
            scene.world.advance(1)
            if scene.world.version == version:
                break
    return scene, sequence(scene, start)


def test_the_page_has_the_table() -> None:
    """Otherwise the next test would show nothing."""
    assert len(TABLE) > 25


@pytest.mark.parametrize("name", TABLE)
def test_the_sequence_of_conditions(name: str) -> None:
    """Nothing flickers, and what waits for a change sees it begin and end."""
    _, found = played(name)

    assert found == TABLE[name]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda one: one.name)
def test_tools_see_every_workflow_end(workflow: object) -> None:
    """`helm --wait` and Flux come back, and not before all is done."""
    scene, _ = played(getattr(workflow, "name", ""))
    md = scene.world.get("ModelDeployment", "models", "iris")

    paused = md["spec"].get("paused", False)
    assert judged(md) == ("InProgress" if paused else "Current")
