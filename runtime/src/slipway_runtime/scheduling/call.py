"""One validated request on its way through the engine, and who waits for it.

A call is settled once: by its result, by what the engine raised, at its deadline, or because its client has
left; whatever comes later is dropped. Only the event loop settles calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from slipway_runtime.errors import ClientGone, DeadlineExceeded

if TYPE_CHECKING:
    from asyncio import TimerHandle
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from slipway_runtime.protocol.tensors import Array

TOO_LATE = "the request's time is over: send less, or less at once"


class Waiter(Protocol):
    """What asyncio's and the standard library's futures have in common."""

    def done(self) -> bool:
        """True once it is settled."""

    def set_result(self, result: list[Array], /) -> None:
        """Settle it."""

    def set_exception(self, exception: BaseException, /) -> None:
        """Settle it."""


class Call:
    """One request.

    Attributes:
        inputs: validated arrays by name.
        outputs: names.
        rows: size of the first dimension; 1 where the model has no batch dimension.
        elements: in all inputs.
        group: calls of one group may run together; None runs alone.
        deadline, queued: on the clock's scale.
        abandoned: true when nobody waits any more; asked on any thread.
        waiter: settled once.
        timer: fires at the deadline; None where nobody set one.
    """

    __slots__ = (
        "abandoned",
        "deadline",
        "elements",
        "group",
        "inputs",
        "outputs",
        "queued",
        "rows",
        "timer",
        "waiter",
    )

    def __init__(  # noqa: PLR0917 # positional, because one is made per request
        self,
        inputs: Mapping[str, Array],
        outputs: Sequence[str],
        rows: int,
        elements: int,
        group: Hashable,
        deadline: float,
        abandoned: Callable[[], bool],
        waiter: Waiter,
        queued: float,
    ) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self.rows = rows
        self.elements = elements
        self.group = group
        self.deadline = deadline
        self.abandoned = abandoned
        self.waiter = waiter
        self.queued = queued
        self.timer: TimerHandle | None = None

    def fault(self, now: float) -> ClientGone | DeadlineExceeded | None:
        """Why it need not run any more."""
        if self.abandoned():
            return ClientGone("the client closed its connection")
        return DeadlineExceeded(TOO_LATE) if now >= self.deadline else None

    def wanted(self, now: float) -> bool:
        """False where it is settled, or need not run any more; it is settled then."""
        if self.waiter.done():
            return False
        fault = self.fault(now)
        if fault is not None:
            self.settle(fault, now)
        return fault is None

    def expire(self) -> None:
        """Its time is over."""
        self.settle(DeadlineExceeded(TOO_LATE), self.deadline)

    def settle(self, result: list[Array] | BaseException, now: float) -> None:
        """Hand over what came of it; a result after the deadline is none."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if self.waiter.done():
            return
        if isinstance(result, BaseException):
            self.waiter.set_exception(result)
        elif now > self.deadline:
            self.waiter.set_exception(DeadlineExceeded(TOO_LATE))
        else:
            self.waiter.set_result(result)
