"""What the load's report says of each update. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

NEW = "new"
"""The stream whose requests each open a connection."""


@dataclass(frozen=True)
class Update:
    """One update, in seconds.

    Attributes:
        served: from the apply to the first answer of the new model.
        switched: from the promote to the first answer of the new model.
        lingered: from the promote to the last answer of the old model on a new connection.
        kept: likewise on any connection.
    """

    served: float
    switched: float
    lingered: float
    kept: float


def updates(report: Mapping[str, Any], applied: str, promoted: str) -> list[Update]:
    """The updates in their order.

    Args:
        report: of the load.
        applied: name of the phase that begins with an apply.
        promoted: name of the phase that follows it, from the promote on.
    """
    return [
        _update(first, second)
        for first, second in pairwise(report["phases"])
        if (first["name"], second["name"]) == (applied, promoted)
    ]


def _update(applied: Mapping[str, Any], promoted: Mapping[str, Any]) -> Update:
    seen = promoted["revisions"]
    new = max((one for one in seen if one["stream"] == NEW), key=lambda one: one["last_s"])["revision"]
    first = min(one["first_s"] for one in seen if one["revision"] == new)
    begin = promoted["begin_s"]
    old = [one for one in seen if one["revision"] != new]
    return Update(
        served=first - applied["begin_s"],
        switched=first - begin,
        lingered=max((one["last_s"] - begin for one in old if one["stream"] == NEW), default=0.0),
        kept=max((one["last_s"] - begin for one in old), default=0.0),
    )
