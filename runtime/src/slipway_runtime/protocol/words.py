"""How a client's own words may appear in an answer: short, quoted, printable. Never their tensors."""

from __future__ import annotations

LONGEST = 64


def quoted(word: str) -> str:
    """A name in quotes, cut to 64 characters, control characters escaped."""
    shown = word if len(word) <= LONGEST else word[:LONGEST] + "…"
    return "'" + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in shown) + "'"


def kind(value: object) -> str:
    """What JSON calls a value's type."""
    if value is None:
        return "null"
    return {
        bool: "a boolean",
        int: "an integer",
        float: "a number",
        str: "a string",
        list: "an array",
        dict: "an object",
    }.get(type(value), "something else")
