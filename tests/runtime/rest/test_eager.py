"""Coroutines that are started by hand and finished by a task."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from slipway_runtime.rest.eager import follow, resume


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


@pytest.mark.parametrize("waits", [1, 2, 3])
@pytest.mark.parametrize("pauses", [0, 1])
async def test_a_followed_coroutine_gets_what_it_waits_for(waits: int, pauses: int) -> None:
    """The answer goes out however often the request had to wait."""
    loop = asyncio.get_running_loop()
    futures = [loop.create_future() for _ in range(waits)]
    told = loop.create_future()

    async def work() -> list[int]:
        for _ in range(pauses):
            await asyncio.sleep(0)
        return [await future for future in futures]

    coroutine = work()
    follow(coroutine, start(coroutine), loop, told.set_result)
    for number, future in enumerate(futures):
        loop.call_soon(future.set_result, number)

    assert await told == list(range(waits))


async def test_a_followed_coroutine_gets_the_exception_it_waits_for() -> None:
    """A request that failed on a thread is answered like one that failed at once."""
    loop = asyncio.get_running_loop()
    gate, told = loop.create_future(), loop.create_future()

    async def work() -> str:
        try:
            await gate
        except ValueError:
            return "failed"
        return "went well"

    coroutine = work()
    follow(coroutine, start(coroutine), loop, told.set_result)
    gate.set_exception(ValueError())

    assert await told == "failed"
