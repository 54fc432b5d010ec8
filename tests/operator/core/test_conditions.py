"""Conditions as JSON: what is kept of the last ones, and in which order they stand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from slipway_operator.api.conditions import MAX_MESSAGE, Condition, ConditionType, Reason, merged

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def ready(*, status: bool = True, message: str = "x") -> Condition:
    """A Ready condition."""
    return Condition(type=ConditionType.READY, status=status, reason=Reason.SERVING, message=message)


def stalled() -> Condition:
    """A Stalled condition."""
    return Condition(type=ConditionType.STALLED, status=True, reason=Reason.INVALID_SPEC, message="x")


def times(found: list[dict[str, Any]]) -> list[str]:
    """When each condition last changed."""
    return [condition["lastTransitionTime"] for condition in found]


def test_a_condition_has_all_that_the_api_conventions_ask_for() -> None:
    """Tools read them without knowing us."""
    assert merged([], [ready()], 7, NOW) == [
        {
            "type": "Ready",
            "status": "True",
            "observedGeneration": 7,
            "lastTransitionTime": "2026-11-21T10:00:00Z",
            "reason": "Serving",
            "message": "x",
        }
    ]


def test_a_time_moves_only_with_its_status() -> None:
    """A message that changes must not look like a new failure."""
    first = merged([], [ready()], 1, NOW)

    assert times(merged(first, [ready(message="y")], 2, LATER)) == ["2026-11-21T10:00:00Z"]
    assert times(merged(first, [ready(status=False)], 2, LATER)) == ["2026-11-21T11:00:00Z"]


def test_what_is_over_is_gone() -> None:
    """Reconciling and Stalled are absent when done, not False."""
    before = merged([], [ready(), stalled()], 1, NOW)

    assert [condition["type"] for condition in merged(before, [ready()], 1, LATER)] == ["Ready"]


def test_the_order_is_always_the_same() -> None:
    """Tools take the first that applies, and a list that changed its order would be a change."""
    assert [one["type"] for one in merged([], [stalled(), ready()], 1, NOW)] == ["Ready", "Stalled"]


def test_odd_conditions_of_before_are_survived() -> None:
    """Somebody may have written into the status."""
    assert times(merged([{}, {"type": "Ready", "status": "True"}], [ready()], 1, NOW)) == [
        "2026-11-21T10:00:00Z"
    ]


def test_a_message_is_bounded() -> None:
    """The API server refuses a status with an endless one."""
    (found,) = merged([], [ready(message="x" * 10_000)], 1, NOW)

    assert len(found["message"]) == MAX_MESSAGE


def test_reasons_are_single_words_in_camel_case() -> None:
    """They are API: programs and columns show them."""
    assert all(str(reason).isalpha() and str(reason)[0].isupper() for reason in Reason)
