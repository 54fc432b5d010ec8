"""A row of bad input: what is wrong, and what people read about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class BadInput:
    """One wrong manifest: what is changed in the minimal one, and what the refusals say."""

    title: str
    changes: Mapping[str, Any]
    server: str
    parser: str

    def __str__(self) -> str:
        return self.title


def same(title: str, path: str, value: object, message: str) -> BadInput:
    """A row whose two refusals hold the same words."""
    return BadInput(title, {path: value}, message, message)
