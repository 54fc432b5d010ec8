"""The clock of a step: it runs while there is something to wait for, and not before."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator import Scene
from slipway_operator.core.actions import Write
from workflow_steps import BAD
from world_operator import Killed, MiniOperator
from world_pods import Outcome

PATIENCE, LONG_AFTER = 600, 5000
BLUE_GREEN = {"type": "BlueGreen"}


def created_at_zero(scene: Scene) -> None:
    """No pods from the beginning."""
    scene.apply(lambda md: md.replicas(0))


def updated_at_zero(scene: Scene) -> None:
    """Another model is asked for while there are no pods."""
    scene.apply(lambda md: md.replicas(2))
    scene.settle()
    scene.apply(lambda md: md.replicas(0))
    scene.settle()
    scene.apply(lambda md: md.model("s3://models/iris/2"))


def failed_then_sent_to_zero(scene: Scene) -> None:
    """A model that never came up is put to rest."""
    scene.cluster.outcomes[BAD] = Outcome(state="pending")
    scene.apply(lambda md: md.model(BAD).replicas(2))
    scene.settle()
    scene.later(LONG_AFTER)
    assert "Stalled" in scene.conditions()
    scene.apply(lambda md: md.replicas(0))


RESTS = [created_at_zero, updated_at_zero, failed_then_sent_to_zero]
Rest = Callable[[Scene], None]


@pytest.fixture(params=[None, BLUE_GREEN], ids=["rolling", "blue-green"])
def scene(request: pytest.FixtureRequest) -> Scene:
    """Nothing yet, of either strategy."""
    scene = Scene()
    scene.builder.spec(strategy=request.param)
    return scene


def woken(scene: Scene, rest: Rest) -> None:
    """No pods for long, then the user asks for two that take their time."""
    rest(scene)
    scene.settle()
    scene.world.advance(LONG_AFTER)
    for uri in ("1", "2"):
        scene.cluster.outcomes[f"s3://models/iris/{uri}"] = Outcome(state="pending")
    scene.apply(lambda md: md.replicas(2))


@pytest.mark.parametrize("rest", RESTS)
def test_pods_asked_for_after_long_have_all_their_time(scene: Scene, rest: Rest) -> None:
    """Who pages on Stalled must not be woken by a model that was scaled up a minute ago."""
    woken(scene, rest)
    scene.settle()

    assert "Stalled" not in scene.conditions()
    scene.later(PATIENCE / 2)
    assert "Stalled" not in scene.conditions()
    scene.later(PATIENCE)
    assert scene.conditions()["Stalled"] == ("True", "ProgressDeadlineExceeded")
    assert scene.operator.decision().writes == ()


@pytest.mark.parametrize("rest", RESTS)
@pytest.mark.parametrize("last", range(4))
def test_an_operator_killed_as_they_start_gives_them_their_time_too(
    scene: Scene, rest: Rest, last: int
) -> None:
    """The size is one write and the clock another."""
    woken(scene, rest)
    written: list[Write | None] = []

    def after(write: Write | None) -> None:
        written.append(write)
        if len(written) > last:
            raise Killed

    scene.operator = MiniOperator(scene.world, after=after)
    while len(written) <= last and scene.world.version:
        try:
            if not scene.operator.look():
                break
        except Killed:
            break
    scene.operator = MiniOperator(scene.world)
    scene.cluster.step()
    scene.operator.look()

    assert "Stalled" not in scene.conditions()
