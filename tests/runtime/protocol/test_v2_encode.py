"""Answers, byte by byte: what clients in other languages parse."""

from __future__ import annotations

import json

import numpy as np
import pytest

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.messages import InferenceResult
from slipway_runtime.protocol.signature import TensorSpec
from slipway_runtime.protocol.tensors import Array
from slipway_runtime.protocol.v2_encode import encode


def _body(array: Array, datatype: str = "FP32", identity: str = "") -> bytes:
    return encode(InferenceResult("iris", "1", identity, [TensorSpec("y", datatype, array.shape)], [array]))


def test_an_answer_has_the_fields_of_the_protocol_and_no_others() -> None:
    """Strict clients refuse what they do not know."""
    assert json.loads(_body(np.array([[1.5, 2]], np.float32), identity="42")) == {
        "model_name": "iris",
        "model_version": "1",
        "id": "42",
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 2], "data": [1.5, 2.0]}],
    }


def test_an_id_is_echoed_only_if_there_was_one() -> None:
    """The protocol says so, and a made-up id would look like the client's own."""
    assert "id" not in json.loads(_body(np.array([1.0], np.float32)))


def test_outputs_come_in_the_order_asked_for() -> None:
    """Clients that asked for two outputs take them by place."""
    arrays = [np.array([1], np.int8), np.array([2], np.int8)]
    specs = [TensorSpec("b", "INT8", (1,)), TensorSpec("a", "INT8", (1,))]
    answer = json.loads(encode(InferenceResult("m", "1", "", specs, arrays)))
    assert [(output["name"], output["data"]) for output in answer["outputs"]] == [("b", [1]), ("a", [2])]


def test_nan_and_the_infinities_are_the_tokens_that_triton_writes() -> None:
    """Null would be no number to a typed client, and 0 would be a lie."""
    body = _body(np.array([np.nan, np.inf, -np.inf, 0.1], np.float32))
    assert b'"data":[NaN,Infinity,-Infinity,0.1]' in body


@pytest.mark.parametrize("word", ["null", "NaN", "a null b"])
def test_a_text_that_says_null_is_a_text(word: str) -> None:
    """The encoder looks for null in its own output."""
    answer = json.loads(_body(np.array([word], dtype=object), "BYTES", identity=word))
    assert (answer["id"], answer["outputs"][0]["data"]) == (word, [word])


def test_float32_digits_are_the_same_with_and_without_a_nan() -> None:
    """0.1 must not become 0.10000000149011612 because a neighbour is missing."""
    assert b"[0.1,1.0,3.4028235e+38]" in _body(np.array([0.1, 1, 3.4028235e38], np.float32))
    assert b"[0.1,1.0,NaN]" in _body(np.array([0.1, 1, np.nan], np.float32))


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float32).reshape(2, 3).T,
        np.arange(12, dtype=np.int64).reshape(3, 4)[:, ::2],
        np.array(7, dtype=np.int32),
        np.asfortranarray(np.arange(6, dtype=np.uint8).reshape(2, 3)),
    ],
    ids=["transposed", "strided", "scalar", "column-major"],
)
def test_data_is_row_major_however_the_array_lies_in_memory(array: Array) -> None:
    """Engines hand out views; a client sees one order only."""
    datatype = {"f": "FP32", "i": "INT64" if array.itemsize == 8 else "INT32", "u": "UINT8"}[array.dtype.kind]
    output = json.loads(_body(array, datatype))["outputs"][0]
    assert output["shape"] == list(array.shape)
    assert np.array(output["data"]).reshape(array.shape).tolist() == array.tolist()


def test_text_is_written_as_utf8() -> None:
    """Bytes from one engine, strings from another: the same text in the answer."""
    array = np.array(["é", "日本".encode(), b"a"], dtype=object)
    assert json.loads(_body(array, "BYTES"))["outputs"][0]["data"] == ["é", "日本", "a"]


def test_bytes_that_are_no_text_are_a_client_error() -> None:
    """A picture has no JSON form; the client can ask for another output."""
    with pytest.raises(InvalidRequest, match="output 'y' is not UTF-8 text"):
        _body(np.array([b"\xff"], dtype=object), "BYTES")


def test_a_half_float_is_a_client_error_with_a_remedy() -> None:
    """The protocol has no JSON form for FP16; widening it would change the declared datatype."""
    with pytest.raises(
        InvalidRequest, match="sending FP16 data via JSON is not supported: ask for output 'y' as binary data"
    ):
        _body(np.array([1], np.float16), "FP16")


def test_64_bit_integers_are_written_in_full() -> None:
    """Hashes and identifiers."""
    assert b"[18446744073709551615,0]" in _body(np.array([2**64 - 1, 0], np.uint64), "UINT64")
    assert b"[-9223372036854775808]" in _body(np.array([-(2**63)], np.int64), "INT64")
