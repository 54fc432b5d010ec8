from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_operator.core.quantity import is_quantity_field, normal, same_amount

SUFFIXES = st.sampled_from(["", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3"])


@pytest.mark.parametrize(
    ("one", "other"), [("1000m", 1), ("1", "1.0"), ("1Gi", "1024Mi"), ("1e3", "1k"), (".5", "500m")]
)
def test_equal_amounts_are_equal(one: Any, other: Any) -> None:
    """The API server gives quantities back in its own spelling; that is no difference to repair."""
    assert same_amount(one, other)
    assert normal(one) == normal(other)


@pytest.mark.parametrize(("one", "other"), [("1", "1m"), ("1G", "1Gi"), ("x", "x"), (True, 1), (None, None)])
def test_other_amounts_and_no_amounts_are_not(one: Any, other: Any) -> None:
    """What is no quantity must be compared as it is, never as a number."""
    assert not same_amount(one, other)


@given(st.integers(0, 10**6), SUFFIXES)
def test_one_spelling_stands_for_one_amount(number: int, suffix: str) -> None:
    """Two spellings have one normal form exactly if their amounts are equal."""
    written = f"{number}{suffix}"

    assert (normal(written) == normal(number)) is same_amount(written, number)


@pytest.mark.parametrize(
    ("path", "holds"),
    [
        (("resources", "requests", "cpu"), True),
        (("emptyDir", "sizeLimit"), True),
        (("resource", "target", "averageValue"), True),
        (("object", "target", "value"), True),
        (("env", "value"), False),
        (("value",), False),
    ],
)
def test_quantities_are_known_by_their_place(path: tuple[str, ...], holds: bool) -> None:  # noqa: FBT001 -- a table's column
    """An environment variable `1000m` is a text, a request `1000m` is one CPU."""
    assert is_quantity_field(path) is holds
