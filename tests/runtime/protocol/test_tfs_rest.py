"""TensorFlow Serving's predict: the documented forms, and that rows and columns say the same."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_dataplane import CLASSIFIER, MIXED, classified, floats, table
from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.messages import InferenceResult
from slipway_runtime.protocol.signature import Signature, TensorSpec
from slipway_runtime.protocol.tensors import Array
from slipway_runtime.protocol.tfs_rest import decode, encode
from tensor_bodies import Sized, in_both_sizes, padded, tight

HALF_PLUS_THREE = Signature("test", (TensorSpec("x", "FP32", (-1,)),), (TensorSpec("y", "FP32", (-1,)),))
DOCUMENTED = Signature(
    "test",
    (
        TensorSpec("tag", "BYTES", (-1,)),
        TensorSpec("signal", "INT64", (-1, 5)),
        TensorSpec("sensor", "FP32", (-1, 2, 2)),
    ),
    (TensorSpec("y", "FP32", (-1,)),),
)
ROWS = [
    {"tag": "foo", "signal": [1, 2, 3, 4, 5], "sensor": [[1, 2], [3, 4]]},
    {"tag": "bar", "signal": [3, 4, 1, 2, 5], "sensor": [[4, 5], [6, 8]]},
]
COLUMNS = {
    "tag": ["foo", "bar"],
    "signal": [[1, 2, 3, 4, 5], [3, 4, 1, 2, 5]],
    "sensor": [[[1, 2], [3, 4]], [[4, 5], [6, 8]]],
}


def inputs_of(document: Any, signature: Signature, sized: Sized = tight) -> dict[str, Any]:
    """The inputs of a request, as lists."""
    found = decode(sized(json.dumps(document).encode()), signature).inputs
    return {name: array.tolist() for name, array in found.items()}


def written(specs: list[TensorSpec], arrays: list[Array], *, by_row: bool) -> bytes:
    """An answer's body."""
    return encode(InferenceResult("m", "1", "", specs, arrays), by_row=by_row)


@in_both_sizes
@pytest.mark.parametrize("document", [{"instances": ROWS}, {"inputs": COLUMNS}], ids=["rows", "columns"])
def test_the_documented_example_reads_the_same_in_both_forms(sized: Sized, document: Any) -> None:
    """It stands in TensorFlow Serving's documents, and people start from it."""
    assert inputs_of(document, DOCUMENTED, sized) == COLUMNS


@in_both_sizes
@pytest.mark.parametrize(
    ("document", "signature", "wanted"),
    [
        ({"instances": [1.0, 2.0, 5.0]}, HALF_PLUS_THREE, [1.0, 2.0, 5.0]),
        ({"inputs": [1.0, 2.0]}, HALF_PLUS_THREE, [1.0, 2.0]),
        ({"inputs": {"x": [1, 2]}, "signature_name": "serving_default"}, HALF_PLUS_THREE, [1.0, 2.0]),
        ({"instances": [{"x": 1}, {"x": 2}], "signature_name": "", "other": 1}, HALF_PLUS_THREE, [1.0, 2.0]),
        ({"instances": [[1, 2], [3, 4]]}, table(2), [[1, 2], [3, 4]]),
        ({"instances": [{"b64": "AA=="}, "b"]}, table(1, "BYTES"), [[b"\x00"], ["b"]]),
        ({"inputs": {"b64": "AA=="}}, Signature("t", (TensorSpec("x", "BYTES", ()),), ()), b"\x00"),
        ({"instances": [{"a": 1, "b": 2}]}, table(2, features=("b", "a")), [[2, 1]]),
        ({"inputs": {"a": [1, 3], "b": [2, 4]}}, table(2, features=("b", "a")), [[2, 1], [4, 3]]),
    ],
)
def test_one_input_is_written_in_many_ways(
    sized: Sized, document: Any, signature: Signature, wanted: Any
) -> None:
    """All of these are in use: bare, by name, bytes, and KServe's columns."""
    assert inputs_of(document, signature, sized) == {"x": wanted}


NUMBERS = st.floats(width=32) | st.integers(-1000, 1000)


@given(st.lists(st.tuples(NUMBERS, st.text(max_size=4), st.integers(-9, 9)), min_size=1, max_size=4))
def test_rows_and_columns_agree(rows: list[tuple[float, str, int]]) -> None:
    """They are two ways to write one request, in bodies of any size."""
    names = ("age", "city", "count")
    by_row = {"instances": [dict(zip(names, row, strict=True)) for row in rows]}
    by_column = {"inputs": dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))}

    answers = [
        inputs_of(document, MIXED, sized) for document in (by_row, by_column) for sized in (tight, padded)
    ]

    assert all(repr(answer) == repr(answers[0]) for answer in answers)


@in_both_sizes
@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({}, "Missing 'inputs' or 'instances' key"),
        ([], "must be a JSON object, not an array"),
        ({"instances": [[1, 2]], "inputs": [[1, 2]]}, "not both"),
        ({"instances": []}, "No values in 'instances' array"),
        ({"instances": {"x": 1}}, "'instances' must be an array"),
        ({"instances": 5}, "'instances' must be an array"),
        ({"inputs": []}, "is empty"),
        ({"instances": [["a", "b"]]}, "not of expected type: float"),
        ({"instances": [[1, 2], [3]]}, "ragged"),
        ({"instances": [{"x": [1, 2]}, [3, 4]]}, "every row must be an object"),
        ({"instances": [[1, 2], {"x": [1, 2]}]}, "ragged"),
        ({"instances": [{"x": [1, 2]}, {"y": [1, 2]}]}, "differ in their names"),
        ({"instances": [[1, 2]], "signature_name": "other"}, "Serving signature name: 'other' not found"),
        ({"instances": [[1, 2]], "signature_name": 5}, "'signature_name' must be a string"),
        ({"inputs": {"x": [[1, 2]], "z": [1]}}, "unknown: 'z'"),
    ],
)
def test_what_does_not_fit_is_refused_in_words_that_users_know(
    sized: Sized, document: Any, text: str
) -> None:
    """A client's developer finds the mistake without the server's log."""
    with pytest.raises(InvalidRequest, match=text):
        decode(sized(json.dumps(document).encode()), table(2))


ONE = [TensorSpec("y", "FP32", (-1, 2))]
TWO = [TensorSpec("name", "BYTES", (-1,)), TensorSpec("y", "FP32", (-1, 2))]


@pytest.mark.parametrize(
    ("specs", "arrays", "by_row", "body"),
    [
        (ONE, [floats([[0.1, 2]])], True, b'{"predictions":[[0.1,2.0]]}'),
        (ONE, [floats([[0.1, 2]])], False, b'{"outputs":[[0.1,2.0]]}'),
        (ONE, [floats([[0.1, 2], [3, 4]]).T], True, b'{"predictions":[[0.1,3.0],[2.0,4.0]]}'),
        (TWO, [np.array(["a", b"b"], object), floats([[1, 2], [3, 4]])], True,
         b'{"predictions":[{"name":"a","y":[1.0,2.0]},{"name":"b","y":[3.0,4.0]}]}'),
        (TWO, [np.array(["a", "b"], object), floats([[1, 2], [3, 4]])], False,
         b'{"outputs":{"name":["a","b"],"y":[[1.0,2.0],[3.0,4.0]]}}'),
        (ONE, [floats([[np.nan, -np.inf], [0.1, 1]])], True,
         b'{"predictions":[[NaN,-Infinity],[0.1,1.0]]}'),
        (TWO, [np.array(["a"], object), floats([[np.nan, 0.1]])], True,
         b'{"predictions":[{"name":"a","y":[NaN,0.1]}]}'),
        ([TensorSpec("image_bytes", "BYTES", (-1,))], [np.array([b"\xff", "a"], object)], True,
         b'{"predictions":[{"b64":"/w=="},{"b64":"YQ=="}]}'),
        ([TensorSpec("n", "INT64", (-1,))], [np.array([1, 2])], True, b'{"predictions":[1,2]}'),
        ([TensorSpec("s", "BYTES", (-1,))], [np.array(["null"], object)], True, b'{"predictions":["null"]}'),
    ],
)  # fmt: skip
def test_answers_have_tensorflow_serving_s_shapes(
    specs: list[TensorSpec], arrays: list[Array], by_row: object, body: bytes
) -> None:
    """Its clients index into them without looking."""
    assert written(specs, arrays, by_row=bool(by_row)) == body


def test_outputs_without_common_rows_cannot_be_written_as_rows() -> None:
    """TensorFlow Serving refuses it too; the columnar form is the remedy."""
    specs = [TensorSpec("a", "FP32", (-1,)), TensorSpec("b", "FP32", ())]

    with pytest.raises(InvalidRequest, match="send 'inputs' instead"):
        written(specs, [floats([1, 2]), floats(3)], by_row=True)


def test_an_output_that_is_not_text_is_refused_and_not_garbled() -> None:
    """Only outputs called …_bytes are written in base64."""
    with pytest.raises(InvalidRequest, match="not UTF-8"):
        written([TensorSpec("s", "BYTES", (-1,))], [np.array([b"\xff"], object)], by_row=True)


def test_an_estimator_answers_what_its_predict_gives() -> None:
    """KServe's clients of such models expect labels, not an object of everything that was computed."""
    asked = decode(b'{"instances": [[2, 0, 0, 0]]}', CLASSIFIER)
    found = classified(asked.inputs)
    specs = [CLASSIFIER.output_by_name[name] for name in asked.outputs]

    assert written(specs, [found[name] for name in asked.outputs], by_row=True) == b'{"predictions":[2]}'
