"""Starts a coroutine at once, and makes a task of it only if it has to wait.

Most requests never wait: their model runs inline. A task for each of them would cost more than their
parsing. This is what asyncio's own eager tasks do from Python 3.12 on, without the task.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

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
