"""Which headers matter, found once for each combination of names."""

from __future__ import annotations

from slipway_runtime.rest import headers
from slipway_runtime.rest.headers import REMEMBERED, plan_for


def test_names_are_found_in_any_case() -> None:
    """HTTP's header names have no case; clients and proxies write them in every one."""
    plan = plan_for((b"HOST", b"content-LENGTH", b"Expect", b"Content-Encoding"))

    assert plan == (b"content-LENGTH", b"Expect", ((b"Content-Encoding", b"content-encoding"),))


def test_names_that_mean_nothing_are_left_out() -> None:
    """Endpoints get an empty mapping for nearly every request."""
    assert plan_for((b"Host", b"User-Agent", b"X-Anything")) == (b"", b"", ())


def test_endless_combinations_fill_a_bounded_memory() -> None:
    """Anybody can invent header names."""
    for number in range(REMEMBERED * 2):
        plan_for((b"x-%d" % number,))

    assert len(headers._PLANS) <= REMEMBERED
    assert plan_for((b"content-length", b"x-new")).length == b"content-length"
