"""How a client's words are shown in an answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_runtime.protocol.words import LONGEST, kind, quoted


@given(st.text(max_size=200))
def test_whatever_is_quoted_is_short_and_printable(word: str) -> None:
    """Errors are printed on terminals and stored in logs."""
    shown = quoted(word)
    assert shown.isprintable()
    assert len(shown) <= 2 + 10 * (LONGEST + 1)
    assert shown[0] == shown[-1] == "'"


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("x", "'x'"),
        ("", "''"),
        ("é日本", "'é日本'"),
        ("a\nb", "'a\\u000ab'"),
        ("a" * 65, "'" + "a" * LONGEST + "…'"),
    ],
)
def test_an_ordinary_name_is_shown_as_it_is(word: str, shown: str) -> None:
    """It has to be found again in the client's code."""
    assert quoted(word) == shown


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "null"),
        (True, "a boolean"),
        (1, "an integer"),
        (1.5, "a number"),
        ("a", "a string"),
        ([], "an array"),
        ({}, "an object"),
        (b"", "something else"),
    ],
)
def test_types_have_json_names(value: Any, name: str) -> None:
    """Nobody who writes JavaScript knows what NoneType is."""
    assert kind(value) == name
