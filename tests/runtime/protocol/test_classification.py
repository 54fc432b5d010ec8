"""The highest values of an output, as Triton writes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binary_bodies import packed, read_answer
from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.classification import highest
from slipway_runtime.protocol.messages import Form, InferenceResult
from slipway_runtime.protocol.signature import TensorSpec
from slipway_runtime.protocol.v2_encode import encode_as


@pytest.mark.parametrize(
    ("values", "dtype", "count", "expected"),
    [
        ([0.25, 0.75, 0.5], np.float32, 2, ["0.750000:1", "0.500000:2"]),
        ([0.25, 0.75], np.float64, 9, ["0.750000:1", "0.250000:0"]),
        ([[1, 3, 2], [9, 7, 8]], np.int64, 1, [["3:1"], ["9:0"]]),
        ([[[1, 2], [4, 3]]], np.uint8, 2, [["4:2", "3:3"]]),
        ([5, 7, 7], np.int32, 3, ["7:1", "7:2", "5:0"]),
        ([float("nan"), 1.0, float("-inf")], np.float32, 3, ["1.000000:1", "-inf:2", "nan:0"]),
        ([], np.float32, 3, []),
    ],
)
def test_values_come_highest_first_with_their_index(
    values: Any, dtype: type, count: int, expected: Any
) -> None:
    """Image classifiers answer a thousand numbers; clients want the five best."""
    assert highest("y", np.array(values, dtype), count).tolist() == expected


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=20), st.integers(1, 25))
def test_no_value_that_is_left_out_is_higher_than_one_that_is_shown(values: list[int], count: int) -> None:
    """Whatever the ties."""
    shown = highest("y", np.array(values, np.int64), count).tolist()

    assert [int(text.partition(":")[0]) for text in shown] == sorted(values, reverse=True)[:count]
    assert all(values[int(text.partition(":")[2])] == int(text.partition(":")[0]) for text in shown)


@pytest.mark.parametrize(("array", "datatype"), [(["a"], "BYTES"), ([True], "BOOL")])
def test_what_cannot_be_ranked_is_refused(array: list[Any], datatype: str) -> None:
    """Words have no order that means anything."""
    values = np.array(array, dtype=object if datatype == "BYTES" else np.bool_)

    with pytest.raises(InvalidRequest, match=f"unsupported type '{datatype}'"):
        highest("y", values, 1)


@pytest.mark.parametrize("binary", [False, True])
def test_the_answer_is_text_in_either_form(binary: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """Its datatype is that of the text, not of the output."""
    array = np.array([[0.5, 1.5]], np.float32)
    result = InferenceResult("m", "1", "", [TensorSpec("y", "FP32", (-1, 2))], [array])

    found = read_answer(*encode_as(result, Form(binary=binary, classes={"y": 1})))["y"]

    text = packed(np.array(["1.500000:1"], dtype=object)) if binary else ["1.500000:1"]
    assert found == ("BYTES", [1, 1], text)
