"""How the tools that wait judge an object: the rules of kstatus, which Helm, Flux and kubectl share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def judged(obj: Mapping[str, Any]) -> str:
    """`InProgress`, `Failed` or `Current`.

    In order: an observedGeneration that is not the object's means work to do; then the first of
    Reconciling=True and Stalled=True in the list decides; then Ready. An object with none of these
    counts as current, which is why an unseen one must not look like that.
    """
    status = obj.get("status", {})
    observed = status.get("observedGeneration")
    if observed is not None and observed != obj["metadata"]["generation"]:
        return "InProgress"
    for condition in status.get("conditions", ()):
        if condition["status"] == "True" and condition["type"] in {"Reconciling", "Stalled"}:
            return "InProgress" if condition["type"] == "Reconciling" else "Failed"
    for condition in status.get("conditions", ()):
        if condition["type"] == "Ready":
            return "Current" if condition["status"] == "True" else "InProgress"
    return "Current"
