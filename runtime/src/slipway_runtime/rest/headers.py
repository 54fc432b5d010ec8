"""Which of a request's headers matter, found once for each combination of names that clients send.

The parser puts headers into a dictionary under the names as they were sent. A client sends the same names
with every request, in the same order and case; so the tuple of names is looked up, instead of lowering and
comparing each.
"""

from __future__ import annotations

from typing import NamedTuple

from slipway_runtime.rest.request import TOLD

REMEMBERED = 1024


class Plan(NamedTuple):
    """What to do with the headers of these names.

    Attributes:
        length: the name that content-length was sent under; empty if it was not.
        expect: likewise.
        told: pairs of sent name and lower-case name, for endpoints.
    """

    length: bytes
    expect: bytes
    told: tuple[tuple[bytes, bytes], ...]


_PLANS: dict[tuple[bytes, ...], Plan] = {}


def plan_for(names: tuple[bytes, ...]) -> Plan:
    """The plan for headers of these names; remembers a bounded number of them."""
    return _PLANS.get(names) or _make(names)


def _make(names: tuple[bytes, ...]) -> Plan:
    lower = {name.lower(): name for name in names}
    plan = Plan(
        lower.get(b"content-length", b""),
        lower.get(b"expect", b""),
        tuple((name, low) for low, name in lower.items() if low in TOLD),
    )
    if len(_PLANS) < REMEMBERED:
        _PLANS[names] = plan
    return plan
