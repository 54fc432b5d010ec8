"""Kubernetes quantities by value: `1000m` and `1`, `1024Mi` and `1Gi`, `1e3` and `1k` are equal."""

from __future__ import annotations

from typing import Any

from slipway_operator.api.quantities import quantity


def same_amount(one: Any, other: Any) -> bool:
    """Whether both are quantities and of equal value."""
    value = quantity(one)
    return value is not None and value == quantity(other)


def normal(written: Any) -> Any:
    """One spelling for all quantities of equal value, such as `1/2`; anything else unchanged."""
    value = quantity(written)
    return written if value is None else str(value)


def is_quantity_field(path: tuple[str, ...]) -> bool:
    """Whether the field at `path` (names from the root down) holds a quantity."""
    *parents, name = path
    parent = parents[-1] if parents else ""
    amounts = parent in {"requests", "limits"} or name in {"sizeLimit", "averageValue"}
    return amounts or (parent, name) == ("target", "value")
