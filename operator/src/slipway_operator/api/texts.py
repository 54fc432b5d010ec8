"""What a string may be, as values: patterns with the sentence a user reads when they do not match.

A `must` completes "<field> must …" and names limit and remedy. `shown` is how any value gets into a
message: ASCII, one line, short, whatever the value was.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

SHOWN_CHARACTERS: Final = 60
_INT64_BITS: Final = 63
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
"""Half of a pair: valid in JSON, but no text that could be written back."""


@dataclass(frozen=True)
class Check:
    """One pattern that a whole string must match (or, with `wanted` false, in no part contain)."""

    pattern: re.Pattern[str]
    must: str
    wanted: bool = True

    def holds(self, text: str) -> bool:
        """Whether `text` passes."""
        found = self.pattern.fullmatch(text) if self.wanted else self.pattern.search(text)
        return (found is not None) == self.wanted


@dataclass(frozen=True)
class Text:
    """What a string may be. With `secret` its value is never repeated in a message."""

    max_length: int
    checks: tuple[Check, ...]
    secret: bool = False

    def violation(self, text: str) -> str | None:
        """The sentence about the first thing wrong with `text`, or None."""
        if len(text) > self.max_length:
            return f"must have at most {self.max_length} characters, not {len(text)}; shorten it"
        if _SURROGATE.search(text):
            return "must be valid Unicode without lone surrogates; write it again"
        broken = next((check for check in self.checks if not check.holds(text)), None)
        if broken is None:
            return None
        return broken.must if self.secret else f"{broken.must} (is {shown(text)})"


def matching(pattern: str, max_length: int, must: str) -> Text:
    """A string of at most `max_length` characters that `pattern` matches as a whole."""
    return Text(max_length, (Check(re.compile(pattern), must),))


def shown(value: object) -> str:
    """`value` for a message."""
    match value:
        case str():
            cut = value[:SHOWN_CHARACTERS]
            return json.dumps(cut) + ("..." if len(cut) < len(value) else "")
        case bool() | None:
            return json.dumps(value)
        case int():
            return str(value) if value.bit_length() <= _INT64_BITS else "a number beyond 64 bits"
        case float():
            return repr(value)
        case list():
            return f"a list of {len(value)}"
        case _:
            return "an object" if isinstance(value, dict) else f"a {type(value).__name__}"
