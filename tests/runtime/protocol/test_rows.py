"""Rows, columns and tensors to inputs: by name where names are known, else by position, or refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_dataplane import CLASSIFIER, IRIS_NAMES, MIXED, table
from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.rows import from_named, from_records, from_table, from_tensor
from slipway_runtime.protocol.signature import Signature, TensorSpec

NAMED = table(3, features=("a", "b", "c"))
UNNAMED = table(3)
COLUMN = table(1)
VECTOR = Signature("test", (TensorSpec("x", "FP32", (-1,)),), UNNAMED.outputs)
IMAGES = Signature("test", (TensorSpec("x", "FP32", (-1, 2, 2)),), UNNAMED.outputs)


@given(st.permutations(range(4)), st.integers(1, 3))
def test_columns_are_put_into_the_model_s_order_by_their_names(order: list[int], rows: int) -> None:
    """A dataframe's columns come in any order; a swapped pair would be a wrong answer in silence."""
    names = [IRIS_NAMES[at] for at in order]
    wanted = np.arange(4 * rows, dtype=np.float32).reshape(rows, 4)
    sent = wanted[:, order].tolist()

    as_table = from_table(CLASSIFIER, names, sent)
    as_records = from_records(CLASSIFIER, [dict(zip(names, row, strict=True)) for row in sent])
    as_columns = from_named(CLASSIFIER, dict(zip(names, map(list, zip(*sent, strict=True)), strict=True)))

    for inputs in (as_table, as_records, as_columns):
        np.testing.assert_array_equal(inputs["x"], wanted)
        assert inputs["x"].flags.c_contiguous


def test_without_names_columns_are_taken_by_position() -> None:
    """A table without a header is in the order that the model was trained with."""
    for signature, names in ((NAMED, ()), (UNNAMED, ("c", "b", "a"))):
        assert from_table(signature, names, [[1, 2, 3]])["x"].tolist() == [[1, 2, 3]]


@pytest.mark.parametrize(
    ("names", "texts"),
    [
        (("a", "b"), ["2 columns' names for 3 columns"]),
        (("a", "b", "d"), ["missing: 'c'", "unknown: 'd'", "the model takes 'a', 'b', 'c'"]),
        (("a", "b", "b"), ["missing: 'c'"]),
    ],
)
def test_names_that_do_not_fit_are_told(names: tuple[str, ...], texts: list[str]) -> None:
    """The client's developer sees at once which column was renamed."""
    with pytest.raises(InvalidRequest) as caught:
        from_table(NAMED, names, [[1, 2, 3]])

    assert all(text in str(caught.value) for text in texts)


def test_a_model_with_an_input_for_each_column_is_served_from_a_table() -> None:
    """Pipelines over texts and numbers become such models."""
    by_name = from_table(MIXED, ("city", "count", "age"), [["Ulm", 2, 41.5], ["Bonn", 3, 18]])
    by_place = from_table(MIXED, (), [[41.5, "Ulm", 2], [18, "Bonn", 3]])
    by_record = from_records(
        MIXED, [{"count": 2, "age": 41.5, "city": "Ulm"}, {"age": 18, "city": "Bonn", "count": 3}]
    )

    for inputs in (by_name, by_place, by_record):
        assert {name: array.tolist() for name, array in inputs.items()} == {
            "age": [[41.5], [18.0]],
            "city": [["Ulm"], ["Bonn"]],
            "count": [[2], [3]],
        }


@pytest.mark.parametrize(
    ("signature", "value", "shape"),
    [
        (COLUMN, [1, 2], (2, 1)),
        (VECTOR, [[1], [2]], (2,)),
        (VECTOR, [1, 2], (2,)),
        (UNNAMED, [[1, 2, 3]], (1, 3)),
        (IMAGES, [[[1, 2], [3, 4]]], (1, 2, 2)),
    ],
)
def test_a_column_fits_a_table_of_one_column(
    signature: Signature, value: Any, shape: tuple[int, ...]
) -> None:
    """Whether an axis of length 1 is written is a matter of taste."""
    assert from_tensor(signature, value)["x"].shape == shape


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: from_tensor(UNNAMED, []), "is empty: send at least one row"),
        (lambda: from_tensor(UNNAMED, [[]]), "is empty"),
        (lambda: from_tensor(MIXED, [[1]]), "takes 3 inputs, 'age', 'city', 'count'"),
        (lambda: from_records(UNNAMED, []), "there are no rows"),
        (lambda: from_records(UNNAMED, [{}]), "there are no rows"),
        (lambda: from_records(UNNAMED, [{"a": 1, "b": 2, "c": 3}, 5]), "one is an integer"),
        (
            lambda: from_records(UNNAMED, [{"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2}]),
            "differ in their names",
        ),
        (lambda: from_records(MIXED, [{"age": 1, "city": "a"}]), "missing: 'count'"),
        (lambda: from_named(MIXED, {"age": [1]}), "missing: 'city', 'count'"),
        (lambda: from_named(NAMED, {"a": [1], "b": [2], "c": [3, 4]}), "arrays of equal lengths"),
        (lambda: from_named(NAMED, {"a": [[1]], "b": [[2]], "c": [[3]]}), "arrays of equal lengths"),
        (lambda: from_named(UNNAMED, {}), "arrays of equal lengths"),
        (lambda: from_named(NAMED, {"a": [1], "b": [2], "d": [3]}), "unknown: 'd'"),
        (lambda: from_table(MIXED, (), [[1, "a"], [2]]), "each an array of the same length"),
        (lambda: from_table(MIXED, (), [[1, "a"]]), "2 columns and 0 names"),
        (lambda: from_table(MIXED, ("age", "city", "age"), [[1, "a", 2]]), "missing: 'count'"),
        (lambda: from_table(MIXED, (), "abc"), "must be an array of rows"),
    ],
)
def test_what_cannot_be_told_apart_is_refused(call: Any, text: str) -> None:
    """Guessing would give somebody an answer about other data."""
    with pytest.raises(InvalidRequest, match=text):
        call()


def test_many_unknown_names_make_a_short_text() -> None:
    """An error is read by people."""
    with pytest.raises(InvalidRequest) as caught:
        from_named(NAMED, {f"column-{number}": [1] for number in range(10_000)})

    assert "and 9984 more" in str(caught.value)
    assert len(str(caught.value)) < 1000
