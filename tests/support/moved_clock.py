"""A clock for code that sleeps itself: sleeping moves the hands, and nobody waits."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class MovedClock:
    """Monotonic seconds; `slept` is every pause that was made."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        """The time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """No time passes for anybody else."""
        self.slept.append(seconds)
        self.now += seconds
