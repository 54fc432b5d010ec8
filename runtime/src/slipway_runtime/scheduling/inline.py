"""Which requests run at once, on the event loop.

A hop to a thread and back costs 50 µs and more: as much as a small model. So a request that is no larger
than what ran below 0.3 ms at warm-up runs where it is. A model whose cost hides in the values (a loop
inside the graph) would block the loop: several slow runs in a row send everything to the threads from then
on.
"""

from __future__ import annotations

SLOW_SECONDS = 0.002
STRIKES = 8


class InlineLimit:
    """The size up to which requests run at once.

    Args:
        elements: input elements, measured at warm-up; 0 sends everything to the threads.
    """

    __slots__ = ("_strikes", "elements")

    def __init__(self, elements: int) -> None:
        self.elements = elements
        self._strikes = 0

    def observe(self, seconds: float) -> None:
        """Learn how long a run on the loop took."""
        if seconds < SLOW_SECONDS:
            self._strikes = 0
            return
        self._strikes += 1
        if self._strikes >= STRIKES:
            self.elements = 0
