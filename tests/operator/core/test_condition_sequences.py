"""The conditions on the way through each kind of change, as literal tables.

`R` is Ready, `A` Available, `+` Reconciling, `!` Stalled, each with its reason. The operator looks
after each of its own writes too, before the cluster has seen them: a condition that flickers shows.
"""

from __future__ import annotations

import pytest

from kstatus import judged
from simulator import Scene
from workflows import WORKFLOWS
from world import Change

SERVING = "R=True/Serving A=True/Serving"
ROLLING = "R=False/RollingOut A=True/Serving +RollingOut"
SCALING = "R=True/Serving A=True/Serving +Scaling"
NOTHING = "R=False/RollingOut A=False/NoReadyPods +RollingOut"
EMPTY = "R=False/NoReadyPods A=False/NoReadyPods +NoReadyPods"
TABLE = {
    "create": [NOTHING, SERVING],
    "create with everything": [NOTHING, SERVING],
    "scale up": [SERVING, SCALING, SERVING],
    "scale down": [SERVING, SCALING, SERVING],
    "scale to zero and back": [
        SERVING,
        SCALING,
        "R=True/ScaledToZero A=True/Serving +Scaling",
        "R=True/ScaledToZero A=False/ScaledToZero",
        EMPTY,
        SERVING,
    ],
    "new model": [SERVING, ROLLING, SERVING],
    "new model and size": [SERVING, ROLLING, SERVING],
    "restart": [SERVING, ROLLING, SERVING],
    "rollback": [SERVING, ROLLING, SERVING],
    "autoscaler off, nothing said": [SERVING],
    "budget on": [SERVING],
    "predictor renamed": [SERVING, ROLLING, SERVING],
    "paused over an update": [
        SERVING,
        "R=False/Paused A=True/Serving +Paused",
        ROLLING,
        SERVING,
    ],
    "update given up": [
        "R=False/ModelPullFailed A=True/Serving +ModelPullFailed",
        ROLLING,
        SERVING,
    ],
    "bad model, mended": [ROLLING, SERVING],
    "Deployment deleted": [NOTHING, SCALING, SERVING],
    "variable added by hand": [],
    "image changed by hand": [],
}


def told(change: Change) -> str:
    """The conditions of one status."""
    listed = change.object.get("status", {}).get("conditions", ())
    short = {"Ready": "R", "Available": "A"}
    parts = [
        f"{short[one['type']]}={one['status']}/{one['reason']}"
        if one["type"] in short
        else f"{'+' if one['type'] == 'Reconciling' else '!'}{one['reason']}"
        for one in listed
    ]
    return " ".join(parts)


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
            while scene.operator.look():
                pass
            scene.cluster.step()
            scene.world.advance(1)
            if scene.world.version == version:
                break
    return scene, sequence(scene, start)


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
