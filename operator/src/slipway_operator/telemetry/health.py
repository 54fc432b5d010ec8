"""Whether the operator is alive and ready, as its probes ask.

Not alive means that a restart would help: the event loop is stuck, a look at an object never ends,
or a watch is deaf while the API server answers others. An API server that answers nobody is no
reason to restart anything. Ready means that the first lists are complete.

The checks are asked from the probe server's thread, so that a stuck loop is noticed at all; they
only read numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

DEAF_SECONDS: Final = 90.0
"""A watch shows some sign of life every 30 s; three missed ones are no accident."""
STUCK_LOOP_SECONDS: Final = 30.0
STUCK_WORK_SECONDS: Final = 300.0
ANSWERED_WITHIN: Final = 60.0
TICK_SECONDS: Final = 1.0

Age = Callable[[], float]
"""Seconds since something last happened."""


@dataclass
class Health:
    """The facts and the two verdicts; `clock` gives monotonic seconds."""

    clock: Callable[[], float]
    watches: dict[str, Age] = field(default_factory=dict)
    ready_when: dict[str, Callable[[], bool]] = field(default_factory=dict)
    oldest_work: Callable[[], float] = lambda: 0.0
    answered_at: float = float("-inf")
    """When the API server last gave a good answer to anything."""
    ticked_at: float = float("-inf")
    """When the event loop last came round; -inf before it first did."""

    def answered(self, status: int) -> None:
        """Notes an answer of the API server; refusals do not count, they cure no watch."""
        if 0 < status < 400:  # noqa: PLR2004 -- HTTP's border between answers and refusals
            self.answered_at = self.clock()

    def ticked(self) -> None:
        """The event loop came round."""
        self.ticked_at = self.clock()

    def not_alive(self) -> list[str]:
        """Why a restart would help; empty when all is well."""
        now = self.clock()
        reasons = []
        lag = now - self.ticked_at
        if self.ticked_at >= 0 and lag > STUCK_LOOP_SECONDS:
            reasons.append(f"the event loop has not come round for {lag:.0f} s")
        if (stuck := self.oldest_work()) > STUCK_WORK_SECONDS:
            reasons.append(f"a reconcile has been running for {stuck:.0f} s")
        ages = {name: age() for name, age in self.watches.items()}
        if self._server_answers(now, ages):
            reasons += [
                f"the watch of {name} has been deaf for {age:.0f} s while the API server answers"
                for name, age in ages.items()
                if age > DEAF_SECONDS
            ]
        return reasons

    def not_ready(self) -> list[str]:
        """What is still missing before the operator can work."""
        return [f"waiting for {name}" for name, done in self.ready_when.items() if not done()]

    def _server_answers(self, now: float, ages: dict[str, float]) -> bool:
        """Whether anything, a request or another watch, heard from the server just now."""
        freshest = min([now - self.answered_at, *ages.values()])
        return freshest < ANSWERED_WITHIN
