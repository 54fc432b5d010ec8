"""What /invocations takes: MLflow's forms and its older ones, SageMaker's, and tables of text."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_dataplane import CLASSIFIER, IRIS_NAMES, MIXED, floats, table
from slipway_runtime.errors import InvalidRequest, Unsupported
from slipway_runtime.protocol import csv_table
from slipway_runtime.protocol.mlflow import decode
from slipway_runtime.protocol.signature import Signature
from tensor_bodies import Sized, in_both_sizes, padded, tight

ROW = [5.0, 3.0, 1.0, 0.0]
NAMED = dict(zip(IRIS_NAMES, ROW, strict=True))
FORMS: list[Any] = [
    {"dataframe_split": {"columns": list(IRIS_NAMES), "data": [ROW]}},
    {"dataframe_split": {"columns": list(IRIS_NAMES), "index": [7], "data": [ROW]}, "params": {"a": 1}},
    {"dataframe_split": {"columns": list(reversed(IRIS_NAMES)), "data": [ROW[::-1]]}},
    {"dataframe_split": {"columns": [0, 1, 2, 3], "data": [ROW]}},
    {"dataframe_split": {"data": [ROW]}},
    {"dataframe_records": [NAMED]},
    {"instances": [ROW]},
    {"instances": [NAMED]},
    {"inputs": [ROW]},
    {"inputs": {name: [value] for name, value in NAMED.items()}},
    {"inputs": NAMED},
    {"inputs": {"x": [ROW]}},
    {"columns": list(IRIS_NAMES), "data": [ROW]},
    [ROW],
    [NAMED],
]


def read(document: Any, signature: Signature, sized: Sized = tight, header: str = "") -> dict[str, Any]:
    """The inputs of a JSON body, as lists."""
    found = decode(sized(json.dumps(document).encode()), signature, header)
    return {name: array.tolist() for name, array in found.items()}


@in_both_sizes
@pytest.mark.parametrize("document", FORMS, ids=json.dumps)
def test_every_form_of_one_row_is_the_same_row(sized: Sized, document: Any) -> None:
    """MLflow 2 and 3, MLflow 1, and SageMaker's serializer write it in these ways."""
    assert read(document, CLASSIFIER, sized) == {"x": [ROW]}


@pytest.mark.parametrize(
    "document",
    [
        {"dataframe_split": {"columns": ["count", "city", "age"], "data": [[2, "Ulm", 41]]}},
        {"dataframe_split": {"data": [[41, "Ulm", 2]]}},
        {"dataframe_records": [{"count": 2, "city": "Ulm", "age": 41}]},
        {"inputs": {"count": [2], "city": ["Ulm"], "age": [41]}},
        {"inputs": {"count": [[2]], "city": [["Ulm"]], "age": [[41]]}},
    ],
    ids=json.dumps,
)
def test_columns_of_several_kinds_go_to_the_inputs_of_their_names(document: Any) -> None:
    """A pipeline over a dataframe has an input for each column."""
    assert read(document, MIXED) == {"age": [[41.0]], "city": [["Ulm"]], "count": [[2]]}


@pytest.mark.parametrize(
    "header",
    [
        "",
        "application/json",
        "application/json; charset=UTF-8",
        "Application/JSON;charset=utf-8",
        "application/json; format=pandas-split",
        "application/json; format=pandas-records",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
    ],
)
def test_json_is_read_under_the_content_types_that_clients_send(header: str) -> None:
    """A shell says a form, boto3 says bytes, MLflow 1 says a format: all mean JSON."""
    assert read([ROW], CLASSIFIER, header=header) == {"x": [ROW]}


@pytest.mark.parametrize(
    "header",
    ["application/x-image", "text/html", "application/json; charset=latin-1", "text/csv; charset=utf-16"],
)
def test_other_content_types_are_refused_by_name(header: str) -> None:
    """415 as MLflow answers, with what is read instead."""
    with pytest.raises(Unsupported, match="send"):
        decode(b"[]", CLASSIFIER, header)


@in_both_sizes
@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({}, "exactly one of dataframe_split, .* it has 0"),
        (5, "must be a JSON object or array, not an integer"),
        ({"instances": [ROW], "inputs": [ROW]}, "it has 2"),
        ({"dataframe_split": [ROW]}, "'dataframe_split' must be an object"),
        ({"dataframe_split": {"columns": []}}, "'dataframe_split' must be an object with 'data'"),
        ({"dataframe_split": {"data": [ROW], "more": 1}}, "'dataframe_split' must be an object"),
        ({"dataframe_split": {"data": [ROW], "columns": "abcd"}}, "'columns' must be an array of names"),
        (
            {"dataframe_split": {"data": [ROW], "columns": ["a", 1, 2, 3]}},
            "'columns' must be an array of names",
        ),
        (
            {"dataframe_split": {"data": [ROW], "columns": ["a", "b", "c", "d"]}},
            "unknown: 'a', 'b', 'c', 'd'",
        ),
        ({"dataframe_split": {"data": [ROW[:3]], "columns": list(IRIS_NAMES)}}, "4 columns' names for 3"),
        ({"dataframe_split": {"data": [[1, 2, 3, None]]}}, "holds null"),
        ({"dataframe_split": {"data": [[1, 2, 3, "4"]]}}, "holds a string"),
        ({"dataframe_split": {"data": []}}, "is empty"),
        ({"dataframe_split": {"data": [ROW, ROW[:2]]}}, "ragged"),
        ({"dataframe_records": NAMED}, "'dataframe_records' must be an array"),
        ({"dataframe_records": []}, "there are no rows"),
        ({"inputs": []}, "is empty"),
        ({"inputs": {}}, "missing"),
    ],
)
def test_what_does_not_fit_is_refused(sized: Sized, document: Any, text: str) -> None:
    """Each with the word of its form, and never with what stood there."""
    with pytest.raises(InvalidRequest, match=text):
        decode(sized(json.dumps(document).encode()), CLASSIFIER)


CSV_ROW = b"5.0,3.0,1.0,0.0\n"


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (CSV_ROW, "text/csv"),
        (CSV_ROW.strip(), "text/csv; charset=utf-8"),
        (b"\xef\xbb\xbf" + CSV_ROW, "text/csv"),
        (CSV_ROW.replace(b"\n", b"\r\n") + b"\r\n", "text/csv; header=absent"),
        (",".join(IRIS_NAMES).encode() + b"\n" + CSV_ROW, "text/csv"),
        (b",".join(b'"%s"' % name.encode() for name in IRIS_NAMES) + b"\n" + CSV_ROW, "text/csv"),
        (",".join(reversed(IRIS_NAMES)).encode() + b"\n0,1,3,5\n", "text/csv; header=present"),
        (b"0,1,2,3\n" + CSV_ROW, "text/csv; header=present"),
        (b"," + ",".join(IRIS_NAMES).encode() + b"\n0," + CSV_ROW, "text/csv"),
    ],
)
def test_a_text_table_is_read_with_and_without_a_header(body: bytes, header: str) -> None:
    """MLflow's clients send names (pandas also its index), SageMaker's do not."""
    assert decode(body, CLASSIFIER, header)["x"].tolist() == [ROW]


def test_numbers_in_the_first_line_are_a_row_unless_they_are_said_to_be_names() -> None:
    """To drop a row in silence would be the worse mistake."""
    assert decode(b"0,1,2,3\n5,3,1,0\n", CLASSIFIER, "text/csv")["x"].tolist() == [[0, 1, 2, 3], [5, 3, 1, 0]]


@pytest.mark.parametrize(
    "body",
    [b'count,city,age\n2,"Ulm, Donau",41\n', b'41,"Ulm, Donau",2\n', b'age,city,count\n41,"Ulm, Donau",2'],
)
def test_a_text_table_of_several_kinds_is_read_by_column(body: bytes) -> None:
    """Numbers are numbers only where the model takes numbers."""
    found = {name: array.tolist() for name, array in decode(body, MIXED, "text/csv").items()}

    assert found == {"age": [[41.0]], "city": [["Ulm, Donau"]], "count": [[2]]}


@pytest.mark.parametrize(
    ("body", "signature", "text"),
    [
        (b"", CLASSIFIER, "no rows"),
        (b"\n\n", CLASSIFIER, "no rows"),
        (b"a,b,c,d\n", CLASSIFIER, "no rows"),
        (b"1,2,3\n1,2\n", CLASSIFIER, "another length"),
        (b"1,,3,4\n", CLASSIFIER, "empty or not a number.*, in row 1, column 2"),
        (b"1,2,3,4\n1,secret,3,4\n", CLASSIFIER, "in row 2, column 2"),
        (b"a,b,c,d\n1,2,3,4\n", CLASSIFIER, "unknown: 'a', 'b', 'c', 'd'"),
        (b"\xff", CLASSIFIER, "not UTF-8"),
        (b'1,"2', CLASSIFIER, "quote that does not end"),
        (b'1,"' + b"x" * 200_000 + b'"', MIXED, "128 kB"),
        (b"x,Ulm,2\n", MIXED, "not a number in the column of 'age'"),
        (b"1,Ulm\n", MIXED, "2 columns"),
        (b"1,Ulm,2,3\n", MIXED, "4 columns, the model takes 3"),
        (b"", MIXED, "no rows"),
        (b"1e39,1,1,1\n", CLASSIFIER, "cannot hold"),
        (b"0.5\n", table(1, "INT64"), "not of expected type"),
    ],
)
def test_a_text_table_that_does_not_fit_is_refused_with_its_place(
    body: bytes, signature: Signature, text: str
) -> None:
    """The place helps; the cell itself is somebody's."""
    with pytest.raises(InvalidRequest, match=text) as caught:
        decode(body, signature, "text/csv")

    assert "secret" not in str(caught.value)


@given(
    st.lists(st.lists(st.floats(width=32, allow_nan=False), min_size=4, max_size=4), min_size=1, max_size=4)
)
def test_json_and_text_tables_give_the_same_numbers(rows: list[list[float]]) -> None:
    """A client may change from one to the other without another answer."""
    text = "\n".join(",".join(map(repr, row)) for row in rows).encode()
    as_json = json.dumps({"dataframe_split": {"data": rows}}).encode()

    for sized in (tight, padded):
        np.testing.assert_array_equal(
            decode(text, CLASSIFIER, "text/csv")["x"], decode(sized(as_json), CLASSIFIER)["x"]
        )


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (np.array([1, 2]), b"1\n2\n"),
        (floats([[0.1, np.nan], [2, 3]]), b"0.1,nan\n2.0,3.0\n"),
        (["a", 'b "c", d'], b'a\n"b ""c"", d"\n'),
        ([["a", "b"]], b"a,b\n"),
        (np.array(1.5), b"1.5\n"),
    ],
)
def test_an_answer_as_a_text_table_has_a_line_for_each_row(values: Any, text: bytes) -> None:
    """SageMaker's batch transform joins it with its input line by line."""
    assert csv_table.encode(values) == text
