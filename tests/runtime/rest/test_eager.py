"""Coroutines that are started by hand and finished by a task."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from slipway_runtime.rest.eager import resume


def start(coroutine: Any) -> Any:
    """Run to the first wait; returns what it waits for."""
    return coroutine.send(None)


async def test_what_a_coroutine_waits_for_later_reaches_it() -> None:
    """A request that waited gets its result, through as many waits as it takes."""
    first, second = asyncio.Event(), asyncio.Event()

    async def work() -> str:
        await first.wait()
        await second.wait()
        return "done"

    coroutine = work()
    task = asyncio.ensure_future(resume(coroutine, start(coroutine)))
    await asyncio.sleep(0)
    first.set()
    await asyncio.sleep(0)
    second.set()

    assert await task == "done"


async def test_an_exception_reaches_whoever_waits() -> None:
    """Else a failed request would never be answered."""
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def work() -> None:
        await gate

    coroutine = work()
    task = asyncio.ensure_future(resume(coroutine, start(coroutine)))
    gate.set_exception(ValueError("broken"))

    with pytest.raises(ValueError, match="broken"):
        await task


async def test_a_cancelled_task_cancels_the_coroutine() -> None:
    """Its clean-up has to run."""
    cleaned = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(True)

    coroutine = work()
    task = asyncio.ensure_future(resume(coroutine, start(coroutine)))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleaned == [True]
