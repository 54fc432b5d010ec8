"""The reader of the audit log blames a controller for what it did without a reason, and for nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from audit_log import Rest, rest

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
US, KUBELET = "us", "system:node:one"


def _record(after: float, user: str, verb: str = "patch", resource: str = "pods") -> dict[str, Any]:
    at = (SINCE + timedelta(seconds=after)).isoformat().replace("+00:00", "Z")
    return {
        "stageTimestamp": at,
        "user": {"username": user},
        "verb": verb,
        "objectRef": {"resource": resource, "name": "iris"},
    }


def _rest(*records: dict[str, Any], seconds: float = 100) -> Rest:
    return rest(records, US, SINCE, SINCE + timedelta(seconds=seconds))


def test_a_write_that_nobody_asked_for_is_told() -> None:
    """This is what the proof of zero writes stands on."""
    told = _rest(_record(50, US, resource="modeldeployments"), _record(60, US, "get"))
    assert told == Rest(["00:00:50 patch modeldeployments iris"], 100)


def test_the_answer_to_a_pod_that_changed_is_no_fault_and_its_time_no_rest() -> None:
    """A status that keeps silent about a pod that fell over would be worse than a write."""
    told = _rest(_record(30, KUBELET), _record(32, US), _record(35, KUBELET), _record(70, US))
    assert told == Rest(["00:01:10 patch pods iris"], 85)


def test_what_came_before_and_what_only_tells_excuses_nothing() -> None:
    """Else each kubelet's complaint would be an excuse."""
    told = _rest(
        _record(-5, KUBELET), _record(1, US), _record(50, KUBELET, resource="events"), _record(51, US)
    )
    assert told == Rest(["00:00:01 patch pods iris", "00:00:51 patch pods iris"], 100)
