"""What a hand can leave in an object that an apply of ours would not get past.

Server-side apply takes away only what we own. Where ours and theirs exclude each other the server refuses
the apply, at every look again, and nothing else of the model is seen to any more: a renumbered port of a
Service (ours would stand beside it, and no two may have one name), the other limit of a disruption budget
(there may be one). That part of the object is replaced as a whole.
"""

from __future__ import annotations

from typing import Any, Final

from slipway_operator.core.actions import Kind, Manifest
from slipway_operator.core.observed import Child

LIMITS: Final = frozenset({"minAvailable", "maxUnavailable"})


def obstacle_in(live: Child, wanted: Manifest) -> tuple[str, object] | None:
    """The path of the part that has to be replaced, for a JSON patch, and what belongs there."""
    ours, theirs = wanted.get("spec", {}), live.object.get("spec", {})
    if live.ref.kind is Kind.SERVICE and _renumbered(ours, theirs):
        return "/spec/ports", ours["ports"]
    if live.ref.kind is Kind.POD_DISRUPTION_BUDGET and LIMITS & theirs.keys() - ours.keys():
        return "/spec", ours
    return None


def _renumbered(ours: Manifest, theirs: Manifest) -> bool:
    """Whether one of our ports is missing and another stands there."""
    wanted, found = _ports(ours), _ports(theirs)
    return bool(wanted - found and found - wanted)


def _ports(spec: Manifest) -> set[tuple[Any, Any]]:
    return {(port["port"], port.get("protocol", "TCP")) for port in spec.get("ports", ())}
