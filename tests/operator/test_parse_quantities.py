from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_operator.api.quantities import quantity
from slipway_operator.api.texts import shown


@pytest.mark.parametrize(
    ("spellings", "value"),
    [
        (("1", 1, "1000m", "1.0", "1.", "1e0", "1000000u"), 1),
        (("1Gi", "1024Mi", 2**30, "1073741824"), 2**30),
        (("1G", "1000M", "1e9", "1E9"), 10**9),
        (("0.5", ".5", "500m", "5e-1"), Fraction(1, 2)),
        (("2E", "2000P"), 2 * 10**18),
    ],
)
def test_equal_spellings_are_one_amount(spellings: tuple[object, ...], value: Fraction | int) -> None:
    """`1000m` of CPU must not be refused as more than a limit of `1`."""
    assert {quantity(spelling) for spelling in spellings} == {value}


@pytest.mark.parametrize(
    "written", ["", "much", "1 Gi", "1GiB", "-1", -1, True, None, 1.5, "1e1000", [], "1" * 40, 2**63, "٣"]
)
def test_what_is_no_amount_is_none(written: object) -> None:
    """Kubernetes would refuse it in the pod, much later and far from its author."""
    assert quantity(written) is None


@given(st.text())
def test_no_text_makes_an_amount_raise(text: str) -> None:
    """A typing error in one object must not stop the operator for the others."""
    assert quantity(text) is None or isinstance(quantity(text), Fraction)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_any_value_fits_into_a_message(value: object) -> None:
    """Messages go to terminals, events and a status of bounded size."""
    text = shown(value)
    assert text.isascii()
    assert text.isprintable()
    assert len(text) < 500
