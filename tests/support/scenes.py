"""Short ways into a scene for tests of single decisions: a settled world, and what there is in it."""

from __future__ import annotations

from collections.abc import Callable

from builders import Builder
from simulator import Scene
from slipway_operator.core.history import history
from slipway_operator.core.observed import Deployment, Observed
from slipway_operator.core.revision import Revision


def settled(change: Callable[[Builder], object] = lambda _: None) -> Scene:
    """A ModelDeployment of two replicas that serves, changed as asked before it was first applied."""
    scene = Scene()
    scene.builder.replicas(2)
    scene.apply(change)
    scene.settle()
    return scene


def observed(scene: Scene) -> Observed:
    """What the operator sees."""
    return scene.operator.observed()


def the_deployment(scene: Scene) -> Deployment:
    """The only Deployment, as a record."""
    (found,) = observed(scene).deployments.values()
    return found


def revisions(scene: Scene) -> tuple[Revision, ...]:
    """The revisions there are."""
    return history(scene.operator.modeldeployment().key, observed(scene))
