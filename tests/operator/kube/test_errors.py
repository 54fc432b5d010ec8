from typing import Any

import pytest

from slipway_operator.kube import errors


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        (401, {}, errors.Unauthorized),
        (403, {"message": "deployments.apps is forbidden: User cannot patch"}, errors.Forbidden),
        (
            403,
            {"message": 'pods "x" is forbidden: exceeded quota: small'},
            errors.QuotaExceeded,
        ),
        (403, {"details": {"causes": [{"reason": "NamespaceTerminating"}]}}, errors.Terminating),
        (404, {}, errors.NotFound),
        (409, {"reason": "Conflict"}, errors.Conflict),
        (409, {"reason": "AlreadyExists"}, errors.AlreadyExists),
        (410, {"reason": "Expired"}, errors.Expired),
        (413, {}, errors.Invalid),
        (422, {"reason": "Invalid"}, errors.Invalid),
        (422, {"details": {"causes": [{"field": "metadata.uid"}]}}, errors.Conflict),
        (429, {}, errors.Throttled),
        (500, {}, errors.Unavailable),
        (504, {"details": {"causes": [{"reason": "ResourceVersionTooLarge"}]}}, errors.Expired),
        (418, {}, errors.Unavailable),
    ],
)
def test_an_answer_becomes_the_error_whose_retry_fits(
    code: int, status: dict[str, Any], kind: type[errors.KubeError]
) -> None:
    """The class decides whether to come back in 50 ms or in half a minute: it must be the right one."""
    assert type(errors.from_status(code, status)) is kind


@pytest.mark.parametrize(
    ("header", "details", "seconds"),
    [
        ("7", {}, 7.0),
        (None, {"retryAfterSeconds": 3}, 3.0),
        ("2", {"retryAfterSeconds": 9}, 2.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", {"retryAfterSeconds": 4}, 4.0),
        ("-5", {}, 0.0),
        (None, {}, 0.0),
    ],
)
def test_the_time_that_the_server_asks_for_is_understood(
    header: str | None, details: dict[str, Any], seconds: float
) -> None:
    """Both spellings of Retry-After occur; junk in it must not break anything."""
    assert errors.from_status(429, {"details": details}, header).retry_after == seconds


def test_a_page_of_html_from_a_proxy_is_cut_to_size() -> None:
    """The text ends in a log line and a condition, not in a flood."""
    error = errors.from_status(502, {"message": "<html>" + "x" * 100_000})
    assert len(str(error)) <= errors.MAX_MESSAGE


def test_a_null_where_details_should_be_is_survived() -> None:
    """Go servers write null for empty lists."""
    assert errors.from_status(403, {"details": {"causes": None}, "message": None}).code == 403


def test_blocked_objects_are_looked_at_again_within_half_a_minute_and_not_hot() -> None:
    """A repaired cause shows soon, and a lasting one costs at most a write in five seconds or so."""
    for kind in (errors.NameConflict, errors.Forbidden, errors.QuotaExceeded, errors.Invalid):
        assert kind.backoff.delay(1, lambda: 0.0) >= 3.75
        assert kind.backoff.delay(99, lambda: 1.0) <= 32
