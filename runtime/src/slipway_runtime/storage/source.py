"""What every kind of storage does: write a model's files into a folder, within a budget."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from slipway_runtime.errors import PullFailure, Reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GIBIBYTE = 1024**3


class Source(Protocol):
    """A place to fetch one model from."""

    def fetch(self, folder: Path, budget: Budget) -> bool:
        """Write the model into an empty folder.

        Args:
            folder: exists, is empty, belongs to this call.
            budget: told of every chunk before it is written.

        Returns:
            True when the URI named one file, False when it named a folder.

        Raises:
            PullFailure: with `transient` set where trying again may help.
        """


class Budget:
    """How much may arrive, until when; and what did.

    Args:
        max_bytes: a larger model is refused.
        deadline: on `clock`'s scale.
        clock: seconds, monotonic.
        progress: called with the bytes so far, for people who watch.
    """

    def __init__(
        self,
        max_bytes: int,
        deadline: float,
        clock: Callable[[], float] = time.monotonic,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self.max_bytes = max_bytes
        self.deadline = deadline
        self.clock = clock
        self.taken = 0
        self.last_arrival = clock()
        self._progress = progress

    def take(self, size: int) -> None:
        """Account for `size` more bytes.

        Raises:
            PullFailure: TooLarge or Timeout.
        """
        self.expect(size)
        self.taken += size
        self.last_arrival = self.clock()
        if self._progress:
            self._progress(self.taken)

    def expect(self, size: int) -> None:
        """Refuse what would not fit, before it is fetched.

        Raises:
            PullFailure: TooLarge or Timeout.
        """
        if self.taken + size > self.max_bytes:
            raise PullFailure(
                Reason.TOO_LARGE,
                f"the model has at least {self.taken + size} bytes, the limit is {self.max_bytes}; "
                "raise --max-model-bytes if that is meant",
            )
        if self.clock() > self.deadline:
            raise PullFailure(
                Reason.TIMEOUT, f"{self.taken} bytes had arrived when the time was over; raise --pull-seconds"
            )

    def seconds_left(self, at_most: float) -> float:
        """How long one wait may last, so that the deadline holds while nothing arrives."""
        return max(0.001, min(at_most, self.deadline - self.clock()))

    def restart(self) -> None:
        """Forget what arrived: it is fetched again."""
        self.taken = 0
