"""What every kind of storage does: write a model's files into a staging folder, within a budget."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from slipway_runtime.errors import PullFailure, Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway_runtime.storage.staging import Staging


class Source(Protocol):
    """A place to fetch one model from."""

    def fetch(self, staging: Staging) -> bool:
        """Write the model; called again after a failure that may pass, with what had arrived.

        Args:
            staging: where each file is claimed and written.

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
        progress: called with the bytes so far and all there will be, 0 if unknown; for people who watch.
    """

    def __init__(
        self,
        max_bytes: int,
        deadline: float,
        clock: Callable[[], float] = time.monotonic,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.max_bytes = max_bytes
        self.deadline = deadline
        self.clock = clock
        self.taken = 0
        self.total = 0
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
            self._progress(self.taken, max(self.total, self.taken) if self.total else 0)

    def keep(self, size: int) -> None:
        """Account for bytes that an earlier attempt brought.

        Raises:
            PullFailure: TooLarge or Timeout.
        """
        self.expect(size)
        self.taken += size

    def release(self, size: int) -> None:
        """Bytes that had arrived are no part of the model any more; how many there will be is open again."""
        self.taken -= size
        self.total = 0

    def announce(self, total: int) -> None:
        """Say how many bytes the whole model has, 0 if that is not known.

        Raises:
            PullFailure: TooLarge or Timeout.
        """
        self.total = total
        self.expect(max(0, total - self.taken))

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
        """A new attempt: what it keeps or takes is counted from nothing."""
        self.taken = 0
