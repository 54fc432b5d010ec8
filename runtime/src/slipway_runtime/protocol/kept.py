"""What was read or written before and will come again: a dictionary that cannot grow for ever."""

from __future__ import annotations

from typing import Final, TypeVar

K = TypeVar("K")
V = TypeVar("V")

MANY: Final = 64


class Kept(dict[K, V]):
    """Some entries; the one too many makes it forget all others: what is in use is soon there again."""

    __slots__ = ()

    def keep(self, key: K, value: V) -> None:
        """Add an entry, or replace it."""
        if len(self) >= MANY:
            self.clear()
        self[key] = value
