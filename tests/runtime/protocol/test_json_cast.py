"""Values to the datatype that the model takes: exact enough, or refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.json_cast import array_of
from slipway_runtime.protocol.json_values import parse
from slipway_runtime.protocol.signature import TensorSpec
from slipway_runtime.protocol.tensors import DTYPES, INTEGERS
from tensor_bodies import Sized, in_both_sizes, padded, tight


def cast(sized: Sized, value: Any, datatype: str) -> Any:
    """The array that a body's value becomes; text is taken as JSON."""
    text = value if isinstance(value, str) else json.dumps(value)
    document = parse(sized(b'{"x": %s}' % text.encode()))
    return array_of(TensorSpec("x", datatype, (-1, -1)), document["x"])


@in_both_sizes
@pytest.mark.parametrize(
    ("value", "datatype", "wanted"),
    [
        ([[1, 2]], "FP32", [[1.0, 2.0]]),
        ([[1.0, 2.0]], "INT64", [[1, 2]]),
        ([[1, 2.5]], "FP64", [[1.0, 2.5]]),
        ([[0.1]], "FP32", [[np.float32(0.1)]]),
        ([[16_777_217]], "FP32", [[16_777_216.0]]),
        ([[255, 0]], "UINT8", [[255, 0]]),
        ([[2**63 - 1]], "INT64", [[2**63 - 1]]),
        ([[2**64 - 1]], "UINT64", [[2**64 - 1]]),
        ([[True, False]], "BOOL", [[True, False]]),
        ([["a", ""]], "BYTES", [["a", ""]]),
        ([[{"b64": "/w=="}, "a"]], "BYTES", [[b"\xff", "a"]]),
        ([[{"b64": ""}]], "BYTES", [[b""]]),
        ("[[NaN, Infinity]]", "FP32", [[np.nan, np.inf]]),
        ([[1.5]], "FP16", [[1.5]]),
        (3, "FP32", 3.0),
        ([], "FP32", []),
    ],
)
def test_a_value_becomes_what_the_model_takes(sized: Sized, value: Any, datatype: str, wanted: Any) -> None:
    """People write 1 for 1.0, and pandas writes 1.0 for 1."""
    array = cast(sized, value, datatype)

    assert array.dtype == DTYPES[datatype]
    np.testing.assert_array_equal(array, np.array(wanted, DTYPES[datatype]))


NUMBERS = ["FP16", "FP32", "FP64", *sorted(INTEGERS)]


@in_both_sizes
@pytest.mark.parametrize(
    ("value", "datatypes", "text"),
    [
        ([[None]], [*NUMBERS, "BOOL", "BYTES"], "holds null, which is not of expected type: "),
        ([[1, "1.5"]], NUMBERS, "holds a string, which is not of expected type: "),
        ([[True]], [*NUMBERS, "BYTES"], "holds a boolean"),
        ([[{"a": 1}]], [*NUMBERS, "BOOL"], "holds an object"),
        ([["a", {"a": 1}]], ["BYTES"], "holds an object"),
        ([[1.5]], [*sorted(INTEGERS), "BOOL", "BYTES"], "holds a number"),
        ([[1]], ["BOOL", "BYTES"], "holds an integer"),
        ("[[NaN]]", sorted(INTEGERS), "holds a number"),
        ([[1, 2], [3]], NUMBERS, "is ragged"),
        ([[1], 2], NUMBERS, "is ragged"),
        ([[[1]], [2]], NUMBERS, "is ragged"),
        ([[1e39]], ["FP32", "FP16"], "cannot hold exactly enough"),
        ([[70_000]], ["FP16", "INT16", "UINT16", "INT8", "UINT8"], "cannot hold"),
        ([[-1]], ["UINT8", "UINT16", "UINT32", "UINT64"], "cannot hold"),
        ([[2**63]], ["INT64", "INT32"], "cannot hold"),
        ([[2**53 + 1, 0.0]], ["INT64", "UINT64"], "cannot hold"),
        ("[[1e20]]", ["INT64", "UINT64"], "cannot hold"),
        ([[{"b64": "not base64!"}]], ["BYTES"], "is not base64"),
        ([[1]], ["BF16"], "no JSON form"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_kind(
    sized: Sized, value: Any, datatypes: list[str], text: str
) -> None:
    """A silent cast is a wrong answer; what stood there is not repeated, for it is somebody's."""
    for datatype in datatypes:
        with pytest.raises(InvalidRequest, match=text):
            cast(sized, value, datatype)


@given(
    st.lists(st.integers(-(2**70), 2**70) | st.floats(allow_nan=False), min_size=1, max_size=5),
    st.sampled_from(NUMBERS),
)
def test_a_number_that_is_taken_is_the_number_that_was_sent(values: list[float], datatype: str) -> None:
    """Integers exactly, floats to the nearest one of their width; the size of a body changes nothing."""
    answers = []
    for sized in (tight, padded):
        try:
            answers.append(cast(sized, json.dumps([values]), datatype).tolist())
        except InvalidRequest:
            answers.append(None)

    assert answers[0] == answers[1]
    if answers[0] is not None:
        expected = np.array([[float(value) for value in values]]).astype(DTYPES[datatype])
        exact = [[int(value) for value in values]] if datatype in INTEGERS else expected.tolist()
        assert answers[0] == exact
