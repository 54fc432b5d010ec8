"""Which documents are inference requests, and what is said of those that are not."""

from __future__ import annotations

from typing import Any

import pytest

from slipway_runtime.errors import InvalidRequest, RequestFault
from slipway_runtime.protocol.v2_decode import MAX_TENSORS, decode
from tensor_bodies import Sized, body, in_both_sizes, tensor

X = tensor([1, 2], [2])
Y = tensor([3], [1], "INT64", "y")


@in_both_sizes
def test_everything_a_client_says_arrives(sized: Sized) -> None:
    """What the protocol lets a client say must reach the model."""
    request = decode(sized(body(X, Y, id="42", outputs=[{"name": "b"}, {"name": "a"}])), "iris", "3")
    assert (request.model, request.version, request.id) == ("iris", "3", "42")
    assert {name: array.tolist() for name, array in request.inputs.items()} == {"x": [1.0, 2.0], "y": [3]}
    assert request.outputs == ("b", "a")


@in_both_sizes
@pytest.mark.parametrize("absent", [{}, {"id": None, "outputs": None, "parameters": None}, {"outputs": []}])
def test_what_may_be_left_out_may_also_be_null(sized: Sized, absent: dict[str, Any]) -> None:
    """Clients in typed languages write null for what they have no value for."""
    request = decode(sized(body(X, **absent)), "m")
    assert (request.id, request.outputs, list(request.inputs)) == ("", (), ["x"])


@in_both_sizes
def test_fields_and_parameters_that_nobody_knows_are_ignored(sized: Sized) -> None:
    """A newer client still works."""
    unknown = {"priority": 3, "nested": {"a": [1]}}
    request = decode(sized(body({**X, "parameters": unknown, **unknown}, parameters=unknown, **unknown)), "m")
    assert request.inputs["x"].tolist() == [1.0, 2.0]


@in_both_sizes
@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b'{"inputs": [}', "at byte 12"),
        (b'{"inputs": []} {}', "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[]", "must be a JSON object with 'inputs', not an array"),
        (b"null", "must be a JSON object with 'inputs', not null"),
        (b'"text"', "must be a JSON object with 'inputs', not a string"),
        (b"1.5", "must be a JSON object with 'inputs', not a number"),
        (b"{}", "'inputs' must be an array of tensors, not null"),
        (b'{"inputs": {}}', "'inputs' must be an array of tensors, not an object"),
        (b'{"inputs": [1]}', "an input must be an object, not an integer"),
        (b'{"inputs": [{}]}', "'name' of an input must be a string, not null"),
        (b'{"inputs": [{"name": 7}]}', "'name' of an input must be a string, not an integer"),
        (b'{"inputs": [], "id": 7}', "'id' must be a string, not an integer"),
        (b'{"inputs": [], "outputs": {"a": 1}}', "'outputs' must be an array of tensors, not an object"),
        (b'{"inputs": [], "outputs": {}}', "'outputs' must be an array of tensors, not an object"),
        (b'{"inputs": [], "outputs": 0}', "'outputs' must be an array of tensors, not an integer"),
        (b'{"inputs": [], "outputs": ["a"]}', "an output must be an object, not a string"),
        (b'{"inputs": [], "outputs": [{}]}', "'name' of an output must be a string, not null"),
        (b'{"inputs": [], "parameters": []}', "'parameters' of the request must be an object, not an array"),
    ],
)
def test_a_document_that_is_no_request_is_told_why(sized: Sized, document: bytes, expected: str) -> None:
    """Whoever wrote the client mends it from the answer alone."""
    with pytest.raises(InvalidRequest) as caught:
        decode(sized(document), "m")
    assert expected in str(caught.value)


@in_both_sizes
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"shape": None}, "'shape' of input 'x' must be an array"),
        ({"shape": 2}, "'shape' of input 'x' must be an array"),
        ({"shape": [1] * 65}, "at most 64 integers"),
        ({"shape": [-1]}, "integers from 0 to 2^63-1"),
        ({"shape": [2.0]}, "integers from 0 to 2^63-1"),
        ({"shape": [True]}, "integers from 0 to 2^63-1"),
        ({"shape": ["2"]}, "integers from 0 to 2^63-1"),
        ({"shape": [2**63]}, "integers from 0 to 2^63-1"),
        ({"shape": [10**25]}, "integers from 0 to 2^63-1"),
        ({"datatype": None}, "'datatype' of input 'x' is null; it must be one of BOOL"),
        ({"datatype": "float"}, "'datatype' of input 'x' is 'float'; it must be one of BOOL"),
        ({"datatype": ["FP32"]}, "'datatype' of input 'x' is an array"),
        ({"datatype": "FP16"}, "sending FP16 data via JSON is not supported"),
        ({"datatype": "BF16"}, "sending BF16 data via JSON is not supported"),
        ({"data": None}, "'data' of input 'x' must be an array, not null"),
        ({"data": "1, 2"}, "'data' of input 'x' must be an array, not a string"),
        ({"data": {"0": 1}}, "'data' of input 'x' must be an array, not an object"),
        ({"parameters": 1}, "'parameters' of input 'x' must be an object, not an integer"),
    ],
)
def test_a_wrong_field_of_an_input_is_named(sized: Sized, change: dict[str, Any], expected: str) -> None:
    """With forty inputs, 'bad request' would mean guessing."""
    with pytest.raises(InvalidRequest) as caught:
        decode(sized(body({**X, **change})), "m")
    assert expected in str(caught.value)


@in_both_sizes
@pytest.mark.parametrize("field", ["shape", "datatype", "data"])
def test_a_field_that_is_missing_is_named(sized: Sized, field: str) -> None:
    """The commonest mistake of a hand-written client."""
    incomplete = {key: word for key, word in X.items() if key != field}
    with pytest.raises(InvalidRequest, match=f"'{field}' of input 'x'"):
        decode(sized(body(incomplete)), "m")


@in_both_sizes
def test_an_input_given_twice_is_refused(sized: Sized) -> None:
    """One of the two would be dropped in silence."""
    with pytest.raises(InvalidRequest, match="input 'x' is given twice"):
        decode(sized(body(X, X)), "m")


@in_both_sizes
def test_of_a_key_that_is_there_twice_the_last_counts(sized: Sized) -> None:
    """A proxy that inspects the body and the server must not read two different requests."""
    twice = b'{"id":"a","id":"b","inputs":[{"name":"x","name":"y","shape":[1],"datatype":"INT8","data":[1]}]}'
    request = decode(sized(twice), "m")
    assert (request.id, list(request.inputs)) == ("b", ["y"])


def test_a_flood_of_tensors_is_refused() -> None:
    """Each of them would cost a look-up and an array."""
    with pytest.raises(InvalidRequest, match=f"'inputs' has 5000 entries, at most {MAX_TENSORS} are read"):
        decode(body(*[{}] * 5000), "m")


@in_both_sizes
@pytest.mark.parametrize("name", ["", "é/日本:0", "a b", "\x00\x1b[31m\n", "x" * 5000, "\u202e"])
def test_a_name_may_be_any_text(sized: Sized, name: str) -> None:
    """Exporters name tensors as they like; whether the model has one is another question."""
    assert list(decode(sized(body(tensor([1], [1], name=name))), "m").inputs) == [name]


@in_both_sizes
@pytest.mark.parametrize("name", ["\x00\x1b[31m\n", "x" * 5000, "\u202e\u0007"])
def test_a_name_in_an_error_is_short_and_printable(sized: Sized, name: str) -> None:
    """An error ends up in logs and terminals: no escape sequence, no kilobytes."""
    with pytest.raises(RequestFault) as caught:
        decode(sized(body(tensor(None, [1], name=name))), "m")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


@in_both_sizes
@pytest.mark.parametrize("text", [b'"\\ud800"', b'"\\udc00\\ud800"'])
@pytest.mark.parametrize("number", [b"1", b"NaN"])
def test_half_a_surrogate_pair_is_refused(sized: Sized, text: bytes, number: bytes) -> None:
    """It is no text: echoing it as the id could not be encoded, and the request would end as a 500."""
    document = b'{"id":%s,"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[%s]}]}' % (text, number)
    with pytest.raises(InvalidRequest, match="not valid JSON"):
        decode(sized(document), "m")
