"""An operator that dies at any write: the shell's part of the promise; the core's is in core/."""

from __future__ import annotations

from typing import Any

import pytest

from builders import modeldeployment
from fake_kube import Call
from shell_bench import READY, Bench
from slipway_operator.core.objects.autoscaler import LEAST_HOLD_SECONDS
from slipway_operator.kube import errors


@pytest.fixture
def bench() -> Bench:
    """An operator on an empty cluster."""
    return Bench()


def crash_at(bench: Bench, number: int, *, done: bool) -> list[Call]:
    """The process dies at its n-th write: before it reached the server, or before the answer came."""
    writes: list[Call] = []

    def count(call: Call) -> errors.KubeError | None:
        if call.writes:
            writes.append(call)
        return errors.Unavailable("crash") if call.writes and len(writes) == number else None

    if done:
        bench.kube.after = count
    else:
        bench.kube.before = count
    return writes


async def played(bench: Bench, crash: int = 0, *, done: bool = False) -> Bench:
    """First deployment, then a new model and another size, with one crash on the way."""
    writes = crash_at(bench, crash, done=done)
    for wanted in (
        modeldeployment().replicas(2),
        modeldeployment().replicas(3).model("s3://models/iris/2"),
        modeldeployment()
        .hpa()
        .predictor(resources={"requests": {"cpu": "500m"}}, pdbSpec={"maxUnavailable": 1})
        .model("s3://models/iris/2"),
    ):
        bench.declare(wanted)
        for _ in range(60):
            before = bench.world.version
            await bench.try_look()
            crashed = 0 < crash <= len(writes)
            if crashed:
                bench, crash = bench.reborn(), 0
            bench.cluster.settle()
            bench.world.advance(1)
            if bench.world.version == before and not crashed:
                break
    bench.world.advance(LEAST_HOLD_SECONDS + 1)  # an autoscaler that is new may shrink nothing at first
    for _ in range(3):
        await bench.try_look()
        bench.cluster.settle()
    return bench


def end(bench: Bench) -> dict[str, Any]:
    """All children; of an autoscaler without what the server fills in once it was held."""
    found = bench.children()
    for name, child in found.items():
        if name.startswith("HorizontalPodAutoscaler"):
            behavior = child["spec"].pop("behavior", {})
            assert behavior.get("scaleDown", {}).get("selectPolicy") != "Disabled"
    return found


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
async def test_a_crash_at_any_write_ends_in_the_same_state(bench: Bench, *, done: bool) -> None:
    """Nodes die at the worst moment; the next operator must finish what this one began."""
    reference = await played(bench)
    wanted = end(reference)
    total = len(reference.kube.writes)
    assert total > 10
    for crash in range(1, total + 1):
        after = await played(Bench(), crash, done=done)
        assert after.conditions() == READY, f"crash at write {crash}"
        assert end(after) == wanted, f"crash at write {crash}"
