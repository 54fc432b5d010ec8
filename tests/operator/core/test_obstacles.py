"""Edits by hand that exclude what is declared: an apply alone would be refused for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator import Scene
from slipway_operator.core.actions import Replace, Update


def renumbered(spec: Any) -> None:
    """Another port under the same name."""
    spec["ports"][0]["port"] = 81


def limited_otherwise(spec: Any) -> None:
    """The other limit, which excludes ours."""
    del spec["maxUnavailable"]
    spec["minAvailable"] = 1


def opened(spec: Any) -> None:
    """A port beside ours is no obstacle."""
    spec["type"] = "NodePort"
    spec["ports"].append({"name": "mine", "port": 9000, "protocol": "TCP", "targetPort": 9000})


@pytest.mark.parametrize(
    ("kind", "edit", "write"),
    [
        ("Service", renumbered, Replace),
        ("PodDisruptionBudget", limited_otherwise, Replace),
        ("Service", opened, Update),
    ],
)
def test_what_excludes_ours_is_replaced_and_nothing_else_is(
    kind: str, edit: Callable[[Any], None], write: type
) -> None:
    """One wrong `kubectl edit` must not stop everything that is done for a model."""
    scene = Scene()
    scene.apply(lambda md: md.predictor(pdbSpec={"maxUnavailable": 1}))
    scene.settle()
    before = scene.child(kind)["spec"]
    child = scene.child(kind)
    edit(child["spec"])
    scene.world.put(child)

    assert [type(one) for one in scene.operator.decision().writes] == [write]
    scene.settle()

    assert scene.operator.decision().writes == ()
    after = scene.child(kind)["spec"]
    assert write is Update or after == before
