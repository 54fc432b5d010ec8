"""Kubernetes quantities by value: `1000m` and `1`, `1024Mi` and `1Gi`, `1e3` and `1k` are equal."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

_NUMBER: Final = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))([eE][+-]?\d{1,2}|[KMGTPE]i|[numkMGTPE])?")
_SCALE: Final = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal(10) ** 3,
    "M": Decimal(10) ** 6,
    "G": Decimal(10) ** 9,
    "T": Decimal(10) ** 12,
    "P": Decimal(10) ** 15,
    "E": Decimal(10) ** 18,
    "Ki": Decimal(1024),
    "Mi": Decimal(1024) ** 2,
    "Gi": Decimal(1024) ** 3,
    "Ti": Decimal(1024) ** 4,
    "Pi": Decimal(1024) ** 5,
    "Ei": Decimal(1024) ** 6,
}


def amount(quantity: Any) -> Decimal | None:
    """The number that a quantity (string or integer) stands for, or None if it is not one."""
    if isinstance(quantity, bool) or not isinstance(quantity, int | str):
        return None
    matched = _NUMBER.fullmatch(str(quantity))
    if matched is None:
        return None
    suffix = matched[2] or ""
    if suffix[:1] in {"e", "E"} and suffix[1:] and suffix != "Ei":
        return Decimal(matched[1]) * Decimal(10) ** int(suffix[1:])
    return Decimal(matched[1]) * _SCALE.get(suffix, Decimal(1))


def normal(quantity: Any) -> Any:
    """One spelling for all quantities of equal value: a plain decimal; anything else unchanged."""
    value = amount(quantity)
    return quantity if value is None else f"{value.normalize():f}"


def is_quantity_field(path: tuple[str, ...]) -> bool:
    """Whether the field at `path` (names from the root down) holds a quantity."""
    *parents, name = path
    parent = parents[-1] if parents else ""
    return (
        parent in {"requests", "limits"}
        or name in {"sizeLimit", "averageValue"}
        or path[-2:] == ("target", "value")
    )
