"""Whatever arrives on any path of any protocol is answered, and never with a server's fault."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_dataplane import CLASSIFIER, MIXED, Asker, FakeDataPlane, classified, mixed, table, weighted
from tensor_bodies import JSON_VALUES, padded

PATHS = (
    "/v1/models/m:predict",
    "/v1/models/m:classify",
    "/v1/models/m:regress",
    "/api/v1.0/predictions",
    "/predict",
    "/invocations",
    "/predictions/m",
    "/m",
)
MODELS = {
    "table": Asker(FakeDataPlane(table(2), weighted)),
    "columns": Asker(FakeDataPlane(MIXED, mixed)),
    "named": Asker(FakeDataPlane(CLASSIFIER, classified)),
}
WORDS = (
    "instances", "inputs", "signature_name", "examples", "context", "data", "meta", "features", "input",
    "dataframe_split", "dataframe_records", "columns", "index", "ndarray", "tensor", "shape", "values",
    "names", "puid", "tags", "b64", "x", "age", "city", "count", "sepal length", "params", "strData",
)  # fmt: skip
NUMBERS = st.integers(-300, 300) | st.floats() | st.sampled_from([10**30, 2**63])
CELLS = st.none() | st.booleans() | NUMBERS | st.sampled_from(["a", ""])
ALMOST = st.recursive(
    CELLS | st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=3) | st.lists(CELLS, max_size=4),
    lambda inner: st.dictionaries(st.sampled_from(WORDS), inner, max_size=4) | st.lists(inner, max_size=3),
    max_leaves=10,
)
TABLES = st.lists(
    st.lists(st.sampled_from(["1", "0.5", "a", "", "nan", '"', '"b"', " "]), max_size=4), max_size=4
)


def _try(body: bytes, **headers: str) -> None:
    for model in MODELS.values():
        for path in PATHS:
            for sized in (body, padded(body)):
                answer = model.post(path, sized, **headers)
                assert answer.status in (200, 400, 415), (path, answer)


@given(ALMOST | st.dictionaries(st.sampled_from(WORDS), ALMOST, max_size=3) | JSON_VALUES)
def test_any_json_is_answered_or_refused(document: Any) -> None:
    """A client under development sends all of these, and a port that is open to strangers too."""
    _try(json.dumps(document).encode())


@given(st.binary(max_size=60))
def test_any_bytes_are_refused(body: bytes) -> None:
    """Whatever is not JSON."""
    _try(body)


@given(TABLES, st.sampled_from(["text/csv", "text/csv; header=present", "text/csv; header=absent"]))
def test_any_text_table_is_answered_or_refused(cells: list[list[str]], kind: str) -> None:
    """Exports of spreadsheets have it all."""
    body = "\n".join(map(",".join, cells)).encode()

    for model in MODELS.values():
        for path in ("/invocations", "/predictions/m"):
            assert model.post(path, body, content_type=kind).status in (200, 400)


@given(st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=30))
def test_any_content_type_is_answered_or_refused(header: str) -> None:
    """Header values are a stranger's bytes as well."""
    for path in PATHS:
        assert MODELS["table"].post(path, [[1, 2]], content_type=header).status in (200, 400, 415)


@pytest.mark.parametrize("path", PATHS)
def test_a_refusal_never_repeats_what_was_sent(path: str) -> None:
    """Data are people's: an error may name an input, never an element."""
    canary = "c4nary-0f-a-pers0n"
    bodies: list[Any] = [
        {"instances": [[canary, 1]]},
        {"inputs": [[1, canary]]},
        {"features": [[canary, None]]},
        {"data": {"ndarray": [[canary, 1]]}},
        {"data": {"tensor": {"shape": [1, 2], "values": [canary, 1]}}},
        {"dataframe_split": {"data": [[canary, canary]]}},
        {"examples": [{"x": [canary, 1]}]},
    ]
    for body in bodies:
        answer = MODELS["table"].post(path, body)

        assert answer.status == 400
        assert canary not in answer.raw.decode()
