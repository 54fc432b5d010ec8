"""Seldon's messages: documented examples in, the same form out."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fake_dataplane import CLASSIFIER, IRIS_NAMES, MIXED, floats, table
from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.messages import InferenceResult
from slipway_runtime.protocol.seldon import FORM, document_of, encode, fault, is_message, read
from slipway_runtime.protocol.signature import Signature, TensorSpec
from tensor_bodies import Sized, in_both_sizes, padded, tight


def message(document: Any, signature: Signature, sized: Sized = tight) -> Any:
    """A read message."""
    return read(document_of(sized(json.dumps(document).encode())), signature)


@given(arrays.arrays(np.float32, st.tuples(st.integers(1, 3), st.just(4)), elements=st.integers(-9, 9)))
def test_a_tensor_and_an_ndarray_say_the_same(rows: Any) -> None:
    """Seldon's client sends either, as its user likes."""
    nested = {"data": {"ndarray": rows.tolist()}}
    flat = {"data": {"tensor": {"shape": list(rows.shape), "values": rows.reshape(-1).tolist()}}}

    for document in (nested, flat):
        for sized in (tight, padded):
            np.testing.assert_array_equal(message(document, table(4), sized).inputs["x"], rows)


@in_both_sizes
@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (None, [[1, 2, 3, 4]]),
        ([], [[1, 2, 3, 4]]),
        (["a", "b", "c", "d"], [[1, 2, 3, 4]]),
        (list(IRIS_NAMES), [[1, 2, 3, 4]]),
        (list(reversed(IRIS_NAMES)), [[4, 3, 2, 1]]),
    ],
)
def test_names_order_columns_when_the_model_knows_them(sized: Sized, names: Any, wanted: Any) -> None:
    """Seldon's servers ignored names, so unknown ones cannot be a mistake; known ones can be out of order."""
    sent = {"data": {"names": names, "ndarray": [[1, 2, 3, 4]]}}

    assert message(sent, CLASSIFIER, sized).inputs["x"].tolist() == wanted


def test_columns_of_several_kinds_are_read_by_their_names() -> None:
    """Texts and numbers in one row is what ndarray is for."""
    sent = {"data": {"names": ["city", "age", "count"], "ndarray": [["Ulm", 41, 2]]}}

    found = {name: array.tolist() for name, array in message(sent, MIXED).inputs.items()}
    assert found == {"age": [[41.0]], "city": [["Ulm"]], "count": [[2]]}


def test_a_form_carries_the_message_in_one_field() -> None:
    """Seldon's tester and its client for microservices post it like that."""
    body = urlencode({"json": json.dumps({"data": {"ndarray": [[1, 2, 3, 4]]}})}).encode()

    assert document_of(body, FORM) == document_of(body, f"{FORM}; charset=utf-8")
    assert read(document_of(body, FORM), table(4)).inputs["x"].tolist() == [[1, 2, 3, 4]]


@pytest.mark.parametrize(("notes", "output"), [({}, "probabilities"), ({"method": "predict"}, "label")])
def test_a_classifier_answers_probabilities_unless_a_method_was_chosen(
    notes: dict[str, str], output: str
) -> None:
    """It is what Seldon's server for scikit-learn does; elsewhere labels are the default."""
    signature = Signature("t", CLASSIFIER.inputs, CLASSIFIER.outputs, primary="label", notes=notes)

    assert message({"data": {"ndarray": [[1, 2, 3, 4]]}}, signature).output == output


@in_both_sizes
def test_puid_and_tags_come_back_and_nothing_else_of_meta(sized: Sized) -> None:
    """Callers find their request by it."""
    meta = {"puid": "abc", "tags": {"a": [1, 2], "b": {"c": 1}}, "routing": {"r": 1}, "metrics": []}
    asked = message({"meta": meta, "data": {"ndarray": [[1, 2, 3, 4]]}}, table(4), sized)

    assert asked.meta == {"puid": "abc", "tags": meta["tags"]}


@pytest.mark.parametrize(
    ("spec", "array", "form", "content"),
    [
        (("FP32", (-1, 2)), floats([[0.1, 0.9]]), "ndarray",
         {"names": ["t:0", "t:1"], "ndarray": [[0.1, 0.9]]}),
        (("FP32", (-1, 2)), floats([[0.1, 0.9]]), "tensor",
         {"names": ["t:0", "t:1"], "tensor": {"shape": [1, 2], "values": [0.1, 0.9]}}),
        (("INT64", (-1,)), np.array([2, 0]), "ndarray", {"names": [], "ndarray": [2, 0]}),
        (("INT64", (-1,)), np.array([2, 0]), "tensor",
         {"names": [], "tensor": {"shape": [2], "values": [2, 0]}}),
        (("BYTES", (-1,)), np.array(["a", b"b"], object), "tensor", {"names": [], "ndarray": ["a", "b"]}),
    ],
)  # fmt: skip
def test_the_answer_has_the_form_that_was_asked(spec: Any, array: Any, form: str, content: Any) -> None:
    """Strings have no tensor, so they are an ndarray always."""
    result = InferenceResult("m", "1", "", [TensorSpec("y", *spec)], [array])

    assert json.loads(encode(result, form, {"puid": "p"})) == {"data": content, "meta": {"puid": "p"}}


@in_both_sizes
@pytest.mark.parametrize(
    ("document", "text"),
    [
        ([], "must be a JSON object with 'data', not an array"),
        ({}, "must have an object 'data'"),
        ({"data": [1]}, "must have an object 'data'"),
        ({"strData": "a"}, "must have an object 'data'"),
        ({"data": {}}, "exactly one of 'ndarray' and 'tensor'"),
        ({"data": {"ndarray": [[1]], "tensor": {}}}, "exactly one"),
        ({"data": {"tftensor": {}}}, "exactly one"),
        ({"data": {"ndarray": []}}, "is empty"),
        ({"data": {"ndarray": None}}, "holds null"),
        ({"data": {"ndarray": [[1, 2, 3, None]]}}, "holds null"),
        ({"data": {"ndarray": [[1, 2], [3]]}}, "ragged"),
        ({"data": {"tensor": 5}}, "'shape'"),
        ({"data": {"tensor": {"shape": [2, 4], "values": [1]}}}, r"has 1 values, its shape is \[2,4\]"),
        ({"data": {"tensor": {"shape": [2**62, 2**62], "values": [1]}}}, "has 1 values"),
        ({"data": {"tensor": {"shape": [-1, 4], "values": [1]}}}, "'shape'"),
        ({"data": {"tensor": {"shape": [1.0], "values": [1]}}}, "'shape'"),
        ({"data": {"tensor": {"shape": [1, 4], "values": ["a", 1, 2, 3]}}}, "flat array of numbers"),
        ({"data": {"tensor": {"shape": [1, 4], "values": [[1, 1, 2, 3]]}}}, "flat array of numbers"),
        ({"data": {"tensor": {"shape": [1, 4], "values": [10**400, 1, 1, 1]}}}, "."),
        ({"data": {"ndarray": [[1, 2, 3, 4]], "names": "abcd"}}, "'names' must be an array"),
        (
            {"data": {"ndarray": [[1, 2, 3, 4]], "names": ["sepal width", "x", "y", "z"]}},
            "missing: 'sepal length'",
        ),
        ({"data": {"ndarray": [[1, 2, 3, 4]]}, "meta": []}, "'meta' must be an object"),
        ({"data": {"ndarray": [[1, 2, 3, 4]]}, "meta": {"puid": 1}}, "'puid' must be a string"),
    ],
)
def test_what_does_not_fit_is_refused(sized: Sized, document: Any, text: str) -> None:
    """Seldon's own wrapper answers most of these with 500."""
    with pytest.raises(InvalidRequest, match=text):
        message(document, CLASSIFIER, sized)


def test_a_fault_has_seldon_s_status_body() -> None:
    """Its client reads `status.info`."""
    assert json.loads(fault("wrong", 400)) == {
        "status": {"code": 400, "info": "wrong", "reason": "MICROSERVICE_BAD_DATA", "status": "FAILURE"}
    }
    assert json.loads(fault("busy", 503))["status"]["reason"] == "MICROSERVICE_INTERNAL_ERROR"


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"data": {"ndarray": []}}, True),
        ({"strData": "a"}, True),
        ({"data": [[1]]}, False),
        ({"features": [[1]]}, False),
        ([[1]], False),
        (5, False),
    ],
)
def test_a_message_is_told_from_json_by_hand(document: Any, found: object) -> None:
    """They share /predict."""
    assert is_message(document) is found
