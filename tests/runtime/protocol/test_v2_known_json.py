"""JSON requests of which all but the numbers was read before: memory changes no meaning."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol import v2_known_json
from slipway_runtime.protocol.json_document import LARGE
from slipway_runtime.protocol.kept import MANY, Kept
from slipway_runtime.protocol.messages import InferenceRequest
from slipway_runtime.protocol.v2_decode import decode
from slipway_runtime.protocol.v2_known_json import recall
from tensor_bodies import body, tensor


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(v2_known_json, "_AROUND", Kept())


def meaning(text: bytes) -> Any:
    """What a body is read as, comparable; the text of the refusal where it is refused."""
    try:
        request = decode(text, "m")
    except InvalidRequest as refusal:
        return str(refusal)
    inputs = {
        name: (array.dtype, array.shape, repr(array.tolist())) for name, array in request.inputs.items()
    }
    return request._replace(inputs=inputs)  # type: ignore[arg-type] # for comparing only


def known(text: bytes) -> InferenceRequest | None:
    """The request, where nothing but its numbers would be parsed."""
    return recall(text, "m", "")


@pytest.mark.parametrize("data", [[3, 4.5], [[3, 4.5]], [[3], [4.5]]], ids=["flat", "a row", "a column"])
@pytest.mark.parametrize("space", [",", ", "], ids=["tight", "spaced"])
def test_the_same_text_around_other_numbers_is_another_request(data: list[Any], space: str) -> None:
    """That is what every client of a model sends, in whatever layout its library writes."""
    asked: dict[str, Any] = {"outputs": [{"name": "y"}], "parameters": {"timeout": 1_000_000}}
    shape = [2, 1] if data == [[3], [4.5]] else [1, 2]
    for numbers in (data, json.loads(json.dumps(data).replace("3", "7e-1"))):
        document = {"inputs": [tensor(numbers, shape)], **asked}
        text = json.dumps(document, separators=(space, ":")).encode()

        found = decode(text, "m", "2")

        assert (found.model, found.version, found.outputs, found.seconds) == ("m", "2", ("y",), 1.0)
        assert found.inputs["x"].dtype == np.float32
        assert found.inputs["x"].tolist() == np.array(numbers, np.float32).reshape(shape).tolist()
        assert known(text) is not None


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["", "1"]),
        "data": st.sampled_from([[1, 2], [], 5]),
        "parameters": st.sampled_from(
            [{}, {"data": [1, 2]}, {"text": '"data":[1, 2]'}, {"binary_data_output": True}, {'"data":': [2]}]
        ),
        "outputs": st.sampled_from([[], [{"name": "y"}], [{"name": "data", "data": [1, 2]}]]),
    },
)
GOOD = st.sampled_from([[1, 2], [[0, 1]], [3.5, 4], [True, False], [1e300, 2], [300, -1]])
DATA = GOOD | st.sampled_from([[1], [], [[1], [2, 3]], [1, [2]], ["1", "2"], [1, None], "data", None, 5])


@given(
    before=st.just({}) | FIELDS,
    shape=st.sampled_from([[2], [1, 2], [0]]),
    datatype=st.sampled_from(["FP32", "FP64", "INT8", "UINT64", "BOOL", "BYTES", "FP16"]),
    order=st.permutations(["name", "shape", "datatype", "data"]),
    variants=st.lists(
        st.tuples(DATA, st.none() | DATA, st.just({}) | FIELDS, st.just({}) | FIELDS), min_size=2, max_size=5
    ),
    spaced=st.booleans(),
)
def test_nobody_can_tell_what_was_read_before(
    *,
    before: dict[str, Any],
    shape: list[int],
    datatype: str,
    order: list[str],
    variants: list[tuple[Any, Any, dict[str, Any], dict[str, Any]]],
    spaced: bool,
) -> None:
    """Keys twice, keys inside texts, wrong types: whatever stands around, memory changes no meaning."""
    texts = []
    for data, again, extra, behind in variants:
        whole = {"name": "x", "shape": shape, "datatype": datatype, "data": data}
        document = {**before, "inputs": [{key: whole[key] for key in order} | extra], **behind}
        text = json.dumps(document, separators=(", ", ": ") if spaced else (",", ":"))
        if again is not None:
            text = text.replace("}]", f', "data": {json.dumps(again)}}}]', 1)
        texts.append(text.encode())
    plain = []
    for one in texts:
        v2_known_json._AROUND.clear()
        plain.append(meaning(one))
    v2_known_json._AROUND.clear()
    assert [meaning(one) for one in texts * 2] == plain * 2


def test_another_output_behind_the_same_numbers_is_another_request() -> None:
    """Two clients of one model differ in a letter at the end of what they send."""
    for name in ("y", "z"):
        text = json.dumps({"inputs": [tensor([1.0], [1])], "outputs": [{"name": name}]}).encode()
        assert decode(text, "m").outputs == (name,)


def test_numbers_that_do_not_fit_are_refused_in_the_same_words() -> None:
    """The second client's mistake must be told as well as the first one's."""
    decode(body(tensor([1, 2], [2], "INT8")), "m")
    for wrong in ([1], [1, 300], [1, 1.5], [1, "2"], [1, None], [[1], [2, 3]], 7):
        text = body(tensor(wrong, [2], "INT8"))
        remembered = meaning(text)
        v2_known_json._AROUND.clear()
        assert remembered == meaning(text)
        assert isinstance(remembered, str)
        decode(body(tensor([1, 2], [2], "INT8")), "m")


@pytest.mark.parametrize(
    "text",
    [
        body(tensor([1.0], [1]), id="7"),
        body(tensor([1.0], [1]), tensor([1.0], [1], name="z")),
        body(tensor(["a"], [1], "BYTES")),
        body(tensor([], [0])),
        body(tensor([1.0], [1], parameters={"data": [1]}, name="data")).replace(
            b'"data": [1.0]', b'"data" : [1.0]'
        ),
        body(tensor([0.1] * LARGE, [LARGE])),
    ],
    ids=["with an id", "two inputs", "text", "nothing", "another field of that name first", "large"],
)
def test_what_will_not_come_again_or_has_to_be_looked_at_is_not_kept(text: bytes) -> None:
    """Keeping costs time too."""
    decode(text, "m")
    assert known(text) is None


def test_endless_texts_fill_a_bounded_memory() -> None:
    """Anybody can invent names of outputs."""
    for number in range(MANY * 2):
        decode(body(outputs=[{"name": f"y{number}"}], *[tensor([1.0], [1])]), "m")  # noqa: B026 - see body
        assert 0 < len(v2_known_json._AROUND) <= MANY
