"""Calls that wait, in the order they came, and which of them run next. Pure: no clock, no thread.

The oldest call always goes next. Those of its group that wait behind it go along, as far as rows, elements
and their fair share of the threads allow. Nobody waits for company: what is here when a thread is free is
all that is asked for.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway_runtime.scheduling.call import Call

LOOK_AHEAD = 256  # waiting calls that are looked at for one run


class Backlog:
    """The queue.

    Args:
        max_rows: of a shared run.
        max_elements: of a shared run.
    """

    __slots__ = ("_calls", "_max_elements", "_max_rows")

    def __init__(self, max_rows: int, max_elements: int) -> None:
        self._calls: deque[Call] = deque()
        self._max_rows = max_rows
        self._max_elements = max_elements

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, call: Call) -> None:
        """Queue a call."""
        self._calls.append(call)

    def drop(self, wanted: Callable[[Call], bool]) -> None:
        """Forget the calls that nobody wants any more."""
        self._calls = deque(call for call in self._calls if wanted(call))

    def take(self, wanted: Callable[[Call], bool], most: int) -> list[Call]:
        """The calls that run next, together; empty where none is left.

        Args:
            wanted: false for a call that need not run; asked once for each, before it is taken.
            most: calls at once.
        """
        while self._calls:
            first = self._calls.popleft()
            if not wanted(first):
                continue
            if first.group is None or most == 1:
                return [first]
            return self._company(first, wanted, most)
        return []

    def _company(self, first: Call, wanted: Callable[[Call], bool], most: int) -> list[Call]:
        taken, passed = [first], []
        rows, elements = first.rows, first.elements
        for _ in range(min(len(self._calls), LOOK_AHEAD)):
            if len(taken) == most or rows >= self._max_rows:
                break
            call = self._calls.popleft()
            rows_then, elements_then = rows + call.rows, elements + call.elements
            if call.group != first.group or rows_then > self._max_rows or elements_then > self._max_elements:
                passed.append(call)
            elif wanted(call):
                taken.append(call)
                rows, elements = rows_then, elements_then
        self._calls.extendleft(reversed(passed))
        return taken
