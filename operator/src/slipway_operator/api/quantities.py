"""Kubernetes quantities such as `500m`, `1.5` or `2Gi`, as exact numbers.

Source of the grammar: the Quantity type of Kubernetes' API reference. Negative quantities exist
there but mean nothing in a ModelDeployment, so they are no quantities here.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

_QUANTITY: Final = re.compile(
    r"(?P<number>[0-9]+[.]?[0-9]*|[.][0-9]+)(?P<suffix>[numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?"
)
_MAX_LENGTH: Final = 32
_MAX_INTEGER: Final = 2**63 - 1
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def quantity(value: object) -> Fraction | None:
    """The number that `value` stands for; None when it is no quantity."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Fraction(value) if 0 <= value <= _MAX_INTEGER else None
    if not isinstance(value, str) or len(value) > _MAX_LENGTH:
        return None
    match = _QUANTITY.fullmatch(value)
    if match is None:
        return None
    return Fraction(match["number"].rstrip(".")) * _factor(match["suffix"])


def _factor(suffix: str | None) -> Fraction:
    if not suffix:
        return Fraction(1)
    if suffix in _BINARY:
        return Fraction(2 ** _BINARY[suffix])
    power = _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])
    return Fraction(10) ** power
