"""JSON by hand: many ways in, and an answer whose rows mirror those that were sent."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from fake_dataplane import CLASSIFIER, IRIS_NAMES, MIXED, floats, table
from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.json_values import parse
from slipway_runtime.protocol.messages import InferenceResult
from slipway_runtime.protocol.plain import KEYS, answer_of, read
from slipway_runtime.protocol.signature import Signature, TensorSpec
from tensor_bodies import Sized, in_both_sizes

ROW = [5.0, 3.0, 1.0, 0.0]
NAMED = dict(zip(IRIS_NAMES, ROW, strict=True))
IMAGES = Signature("test", (TensorSpec("x", "FP32", (-1, 2, 2)),), table().outputs)
VECTOR = Signature("test", (TensorSpec("x", "FP32", (-1,)),), table().outputs)


def asked(document: Any, signature: Signature, sized: Sized) -> tuple[Any, bool]:
    """Inputs as lists, and whether a single row was asked for."""
    found = read(parse(sized(json.dumps(document).encode())), signature)
    return {name: array.tolist() for name, array in found.inputs.items()}, found.single


@in_both_sizes
@pytest.mark.parametrize("key", KEYS)
def test_rows_are_read_under_the_keys_that_people_use(sized: Sized, key: str) -> None:
    """Every tutorial has its own word for it."""
    assert asked({key: [ROW]}, CLASSIFIER, sized) == ({"x": [ROW]}, False)
    assert asked({key: ROW}, CLASSIFIER, sized) == ({"x": [ROW]}, True)
    assert asked({key: [NAMED]}, CLASSIFIER, sized) == ({"x": [ROW]}, False)
    assert asked({key: NAMED}, CLASSIFIER, sized) == ({"x": [ROW]}, True)


@in_both_sizes
@pytest.mark.parametrize(
    ("document", "signature", "inputs", "single"),
    [
        ([ROW], CLASSIFIER, {"x": [ROW]}, False),
        (ROW, CLASSIFIER, {"x": [ROW]}, True),
        (NAMED, CLASSIFIER, {"x": [ROW]}, True),
        ({"x": [ROW]}, CLASSIFIER, {"x": [ROW]}, False),
        ({"x": ROW}, CLASSIFIER, {"x": [ROW]}, True),
        ({name: [value] for name, value in NAMED.items()}, CLASSIFIER, {"x": [ROW]}, False),
        ({"features": 5}, table(1), {"x": [[5.0]]}, True),
        ({"features": [5]}, table(1), {"x": [[5.0]]}, True),
        ({"features": [5, 6]}, table(1), {"x": [[5.0], [6.0]]}, False),
        ({"features": [[5], [6]]}, table(1), {"x": [[5.0], [6.0]]}, False),
        ({"features": 5}, VECTOR, {"x": [5.0]}, True),
        ({"features": [5, 6]}, VECTOR, {"x": [5.0, 6.0]}, False),
        ({"features": [[1, 2], [3, 4]]}, IMAGES, {"x": [[[1, 2], [3, 4]]]}, True),
        ({"features": [[[1, 2], [3, 4]]]}, IMAGES, {"x": [[[1, 2], [3, 4]]]}, False),
        ({"features": [41, "Ulm", 2]}, MIXED, {"age": [[41]], "city": [["Ulm"]], "count": [[2]]}, True),
        ({"features": [[41, "Ulm", 2]]}, MIXED, {"age": [[41]], "city": [["Ulm"]], "count": [[2]]}, False),
        (
            {"age": 41, "city": "Ulm", "count": 2},
            MIXED,
            {"age": [[41]], "city": [["Ulm"]], "count": [[2]]},
            True,
        ),
        (
            {"age": [41], "city": ["Ulm"], "count": [2]},
            MIXED,
            {"age": [[41]], "city": [["Ulm"]], "count": [[2]]},
            False,
        ),
    ],
)
def test_a_single_row_is_told_from_rows(
    sized: Sized, document: Any, signature: Signature, inputs: Any, single: object
) -> None:
    """The answer follows from it."""
    assert asked(document, signature, sized) == (inputs, single)


@pytest.mark.parametrize(
    ("array", "single", "answer"),
    [
        (np.array([2, 0]), False, [2, 0]),
        (np.array([2]), False, [2]),
        (np.array([2]), True, 2),
        (floats([[0.5]]), True, 0.5),
        (floats([[0.5], [1]]), False, [0.5, 1.0]),
        (floats([[0.25, 0.75]]), True, [0.25, 0.75]),
        (floats([[0.25, 0.75]]), False, [[0.25, 0.75]]),
        (np.array(3), True, 3),
    ],
)
def test_the_answer_mirrors_the_rows_that_were_sent(array: Any, single: object, answer: Any) -> None:
    """As `model.predict(rows).tolist()` for rows, and its only entry for one row; integers stay integers."""
    kind = "INT64" if array.dtype.kind == "i" else "FP32"
    result = InferenceResult("m", "1", "", [TensorSpec("y", kind, (-1,))], [array])

    found = answer_of(result, single=bool(single)).tolist()

    assert (found, type(found)) == (answer, type(answer))


@in_both_sizes
@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({}, "exactly one of features, data, input, inputs, instances"),
        ({"features": [ROW], "data": [ROW]}, "exactly one of"),
        ({"rows": [ROW]}, "exactly one of"),
        ({"features": None}, "."),
        ({"features": "5,3,1,0"}, "."),
        ({"features": []}, "is empty"),
        ({"features": [[]]}, "is empty"),
        ({"features": [1, 2, None, 4]}, "holds null"),
        ({"features": [ROW, ROW[:2]]}, "ragged"),
        ({"features": [{"a": 1}]}, "unknown: 'a'"),
        ({"features": {}}, "missing"),
        ({"sepal length": 5.0}, "missing: 'sepal width'"),
        (5, "."),
        (None, "."),
    ],
)
def test_what_does_not_fit_is_refused(sized: Sized, document: Any, text: str) -> None:
    """A hand-written service would answer these with a traceback."""
    with pytest.raises(InvalidRequest, match=text):
        asked(document, CLASSIFIER, sized)
