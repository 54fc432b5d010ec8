"""Goes on with a coroutine that was started at once, and makes a task of it only if it waits twice.

Most requests never wait: their model runs inline. Most others wait once, for the run that they share. A task
for each of them would cost more than their parsing. Until there is a task, nothing in the coroutine may ask
for the current one.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Generator

T = TypeVar("T")


@types.coroutine
def resume(coroutine: Coroutine[Any, Any, T], waiting_for: Any) -> Generator[Any, Any, T]:
    """The rest of a coroutine that was started by hand, for a task to run.

    Args:
        coroutine: was sent None once, and did not end.
        waiting_for: what it yielded then: a future that belongs to the loop.
    """
    try:
        while True:
            try:
                value = yield waiting_for
            except BaseException as error:  # noqa: BLE001 # whatever the task throws in is the coroutine's
                waiting_for = coroutine.throw(error)
            else:
                waiting_for = coroutine.send(value)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return] # a coroutine's return value


def follow(
    coroutine: Coroutine[Any, Any, T],
    waiting_for: asyncio.Future[Any] | None,
    loop: asyncio.AbstractEventLoop,
    tell: Callable[[T], None],
) -> None:
    """Go on with a coroutine when what it waits for is there.

    Args:
        coroutine: was sent None once, and did not end.
        waiting_for: what it yielded then; None lets others go first.
        loop: runs all of it.
        tell: called with what the coroutine returns.
    """

    def go_on(_: asyncio.Future[Any]) -> None:
        try:
            again = coroutine.send(None)
        except StopIteration as end:
            tell(end.value)
        else:
            _as_task(coroutine, again, loop, tell)

    if waiting_for is None:
        _as_task(coroutine, None, loop, tell)
        return
    waiting_for._asyncio_future_blocking = False  # noqa: SLF001 # as a task does when it takes a future over
    waiting_for.add_done_callback(go_on)


def _as_task(
    coroutine: Coroutine[Any, Any, T],
    waiting_for: asyncio.Future[Any] | None,
    loop: asyncio.AbstractEventLoop,
    tell: Callable[[T], None],
) -> None:
    task = loop.create_task(resume(coroutine, waiting_for))
    task.add_done_callback(lambda done: None if done.cancelled() else tell(done.result()))
