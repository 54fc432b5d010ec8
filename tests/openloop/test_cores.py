"""A core counts as free where the machine was idle for as long as the clock went on."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from openloop.cores import Cores, idle_seconds


@pytest.mark.parametrize(
    ("idle", "free"),
    [(0.0, False), (0.08, False), (0.1, True), (0.19, True)],
    ids=["none", "almost one", "one", "two halves and more"],
)
def test_a_free_core_is_as_much_idleness_as_time(idle: float, *, free: bool) -> None:
    """Half a core on each of two is as good as one: who starts may run on either."""
    seen = iter((7.0, 7.0 + idle))
    cores = Cores(lambda: next(seen))
    cores.look(1.0)
    cores.look(1.1)
    assert cores.free(1.05) is free


def test_what_nobody_looked_at_is_not_free() -> None:
    """Latencies from before the first look and after the last would flatter by chance."""
    seen = iter((0.0, 10.0))
    cores = Cores(lambda: next(seen))
    assert not cores.free(0.5)
    cores.look(1.0)
    assert not cores.free(0.5)
    cores.look(2.0)
    assert [cores.free(at) for at in (0.5, 1.5, 2.5)] == [False, True, False]


def test_the_kernels_own_count_goes_by_the_clock() -> None:
    """A unit taken for another would call every core busy, or none: idleness never outruns all cores."""
    began, before = time.perf_counter(), idle_seconds()
    time.sleep(0.3)
    idle, took = idle_seconds() - before, time.perf_counter() - began
    assert 0.0 <= idle <= (took + 0.1) * (os.cpu_count() or 1)


async def test_it_looks_until_it_is_cancelled() -> None:
    """The generator ends when its load does."""
    cores = Cores()
    clock = time.perf_counter
    watching = asyncio.create_task(cores.watch(clock))
    await asyncio.sleep(0.25)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    assert len(cores._looks) >= 2
