"""Events that a change of the status is worth: trouble that was not there before.

Steps that go well tell themselves in the plan. A trouble is told once, by its reason, not each time
its message changes.
"""

from __future__ import annotations

from typing import Final

from slipway_operator.api.conditions import Reason
from slipway_operator.api.types import Json
from slipway_operator.core.actions import Emit

FINE: Final = frozenset(
    {
        Reason.SERVING,
        Reason.ROLLING_OUT,
        Reason.AWAITING_PROMOTION,
        Reason.SCALING,
        Reason.PAUSED,
        Reason.SCALED_TO_ZERO,
        Reason.NO_READY_PODS,
        Reason.WAITING_FOR_CLEANUP,
    }
)


def troubles(before: Json, after: Json) -> tuple[Emit, ...]:
    """A warning for each reason of trouble in `after` that was not in `before`."""
    known = {condition.get("reason") for condition in before.get("conditions") or ()}
    found = {
        condition["reason"]: condition["message"]
        for condition in after["conditions"]
        if condition["reason"] not in FINE and condition["reason"] not in known
    }
    return tuple(Emit(type="Warning", reason=reason, message=message) for reason, message in found.items())
