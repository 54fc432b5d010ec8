"""Reading one JSON object field by field, noting everything that is wrong instead of stopping.

A `Fields` knows where it stands in the document and shares one list of errors with the others.
Each getter reads one key, notes an error when the value is not what it must be, and then answers
as if the key were absent. `close` notes the keys that no getter asked for: nothing is accepted and
ignored. A JSON null counts as absent, as it does for the API server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from slipway_operator.api.rules import RESERVED_KEY_MUST, key_reserved
from slipway_operator.api.texts import Text, shown
from slipway_operator.api.types import FieldError

_PERCENT: Final = re.compile(r"(100|[1-9]?[0-9])%")
_LISTED_KEYS: Final = 5


class Fields:
    """One object of the document at `path`; anything else than an object is noted and read as empty."""

    def __init__(self, raw: object, path: str, errors: list[FieldError]) -> None:
        self.path = path
        self._errors = errors
        self._asked: set[str] = set()
        self._raw: Mapping[str, Any] = {}
        if not isinstance(raw, dict):
            self.note("", f"must be an object, not {shown(raw)}")
        elif not all(isinstance(key, str) for key in raw):
            self.note("", "must have only strings as keys; put the others in quotes")
        else:
            self._raw = raw

    def note(self, key: str, message: str) -> None:
        """Notes that the value at `key` (or, when empty, this object) is wrong."""
        self._errors.append(FieldError(self._at(key) if key else self.path, message))

    def get(self, key: str, *, required: bool = False) -> Any:
        """The value as it is; None when absent."""
        self._asked.add(key)
        value = self._raw.get(key)
        if value is None and required:
            self.note(key, "must be given; add it")
        return value

    def integer(self, key: str, low: int, high: int, *, required: bool = False) -> int | None:
        """A whole number from `low` to `high`."""
        value = self.get(key, required=required)
        if value is None or (_is_int(value) and low <= value <= high):
            return value  # type: ignore[no-any-return] # checked in the line above
        self.note(key, f"must be an integer from {low} to {high}, not {shown(value)}")
        return None

    def boolean(self, key: str) -> bool | None:
        """True or false."""
        value = self.get(key)
        if value is None or isinstance(value, bool):
            return value
        self.note(key, f"must be true or false, not {shown(value)}")
        return None

    def text(self, key: str, rule: Text, *, required: bool = False) -> str | None:
        """A string that keeps `rule`."""
        value = self.get(key, required=required)
        if value is None:
            return None
        if not isinstance(value, str):
            self.note(key, f"must be a string, not {shown(value)}; put it in quotes")
            return None
        message = rule.violation(value)
        if message is not None:
            self.note(key, message)
        return value if message is None else None

    def choice(self, key: str, choices: tuple[str, ...], *, required: bool = False) -> str | None:
        """One string of a few."""
        value = self.get(key, required=required)
        if value is None or (isinstance(value, str) and value in choices):
            return value
        self.note(key, f"must be one of {', '.join(choices)}, not {shown(value)}")
        return None

    def count_or_percent(self, key: str, high: int) -> int | str | None:
        """A number of pods up to `high`, or a percentage such as `25%`."""
        value = self.get(key)
        if value is None or (_is_int(value) and 0 <= value <= high):
            return value  # type: ignore[no-any-return] # checked in the line above
        if isinstance(value, str) and _PERCENT.fullmatch(value):
            return value
        self.note(
            key, f"must be an integer from 0 to {high} or a percentage from 0% to 100%, not {shown(value)}"
        )
        return None

    def object(self, key: str, *, required: bool = False) -> Fields | None:
        """The object at `key`, to be read in turn."""
        value = self.get(key, required=required)
        return None if value is None else Fields(value, self._at(key), self._errors)

    def items(self, key: str, high: int) -> list[Any]:
        """A list of at most `high` values; empty when absent."""
        value = self.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.note(key, f"must be a list, not {shown(value)}")
            return []
        if len(value) > high:
            self.note(key, f"must have at most {high} items, not {len(value)}; remove some")
            return []
        return value

    def objects(self, key: str, high: int) -> list[Fields]:
        """A list of at most `high` objects, to be read in turn; empty when absent."""
        return [
            Fields(item, f"{self._at(key)}[{index}]", self._errors)
            for index, item in enumerate(self.items(key, high))
        ]

    def texts(
        self, key: str, high: int, *, keys: Text, values: Text, reserved: bool = False
    ) -> Mapping[str, str]:
        """A map of strings with at most `high` entries; with `reserved`, some keys are not for users."""
        inner = self.object(key)
        if inner is None:
            return {}
        for name in inner.entries(high):
            inner.check_key(name, keys)
            inner.text(name, values)
            if reserved and key_reserved(name):
                self.note(key, f"{RESERVED_KEY_MUST} (is {shown(name)})")
        return {name: value for name, value in inner.raw().items() if isinstance(value, str)}

    def check_key(self, name: str, rule: Text) -> None:
        """Notes a key of this map that does not keep `rule`."""
        message = rule.violation(name)
        if message is not None:
            self.note("", f"key {message}")

    def entries(self, high: int) -> Iterator[str]:
        """The keys of a map that has at most `high` entries; none of them when it has more."""
        if len(self._raw) > high:
            self.note("", f"must have at most {high} entries, not {len(self._raw)}; remove some")
            return iter(())
        return iter(self._raw)

    def raw(self) -> Mapping[str, Any]:
        """The object as the user wrote it."""
        return self._raw

    def close(self) -> None:
        """Notes, in one error, the keys that nobody asked for."""
        unknown = [key for key in self._raw if key not in self._asked]
        if unknown:
            listed = ", ".join(shown(key) for key in unknown[:_LISTED_KEYS])
            more = f" and {len(unknown) - _LISTED_KEYS} more" if len(unknown) > _LISTED_KEYS else ""
            self.note(
                "", f"must not have unknown fields: {listed}{more}; check their spelling or remove them"
            )

    def _at(self, key: str) -> str:
        """The path of `key` in messages, with odd keys in quotes."""
        plain = key.isascii() and key.isidentifier()
        if plain:
            return f"{self.path}.{key}" if self.path else key
        return f"{self.path}[{shown(key)}]"


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
