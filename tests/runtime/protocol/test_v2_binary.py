"""Binary data in and out: every datatype, beside JSON, and what is said of bytes that do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binary_bodies import entry, packed, read_answer, request, with_tail
from slipway_runtime.errors import InvalidRequest, RequestFault
from slipway_runtime.protocol.messages import Form, InferenceResult
from slipway_runtime.protocol.signature import TensorSpec
from slipway_runtime.protocol.tensors import DTYPES, Array, bits_of, from_bits
from slipway_runtime.protocol.v2_decode import decode
from slipway_runtime.protocol.v2_encode import encode_as
from slipway_runtime.protocol.v2_tail import header_length
from tensor_bodies import tensor, tensors

EVERYTHING = sorted(DTYPES)


def answer(array: Array, datatype: str, form: Form) -> dict[str, tuple[str, list[int], Any]]:
    """The one output of an answer."""
    specs = [TensorSpec("y", datatype, array.shape)]
    return read_answer(*encode_as(InferenceResult("m", "1", "", specs, [array]), form))


def same(found: Array, wanted: Array) -> bool:
    """Equal bit by bit, NaN included."""
    if wanted.dtype == object:
        return found.shape == wanted.shape and bool((found == wanted).all())
    return (found.dtype, found.shape, found.tobytes()) == (wanted.dtype, wanted.shape, wanted.tobytes())


@given(tensors())
def test_every_tensor_goes_in_and_out_bit_by_bit(made: tuple[str, Array]) -> None:
    """Binary data is what clients choose when digits are not good enough."""
    datatype, array = made

    arrived = decode(*_parts(request(array, datatype))).inputs["x"]

    assert same(arrived, array)
    assert answer(arrived, datatype, Form(binary=True))["y"] == (datatype, list(array.shape), packed(array))


def _parts(made: tuple[bytes, int]) -> tuple[bytes, str, str, int]:
    return made[0], "m", "", made[1]


@pytest.mark.parametrize("datatype", ["FP16", "BF16"])
def test_half_floats_that_json_cannot_carry_do_go_in_binary(datatype: str) -> None:
    """Vision and language models take them; this is the only way over REST."""
    bits = np.array([[0x3F80, 0x7FC0, 0x0001]], np.uint16)
    array = from_bits(bits) if datatype == "BF16" else bits.view(np.float16)

    arrived = decode(*_parts(request(array, datatype))).inputs["x"]

    assert (arrived.dtype, arrived.shape) == (DTYPES[datatype], (1, 3))
    assert bits_of(arrived).tolist() == bits.tolist()
    assert answer(arrived, datatype, Form(binary=True))["y"] == (datatype, [1, 3], bits.tobytes())


def test_numbers_are_not_copied() -> None:
    """A large image would cost its size again."""
    body, length = request(np.arange(1000, dtype=np.float32), "FP32")

    array = decode(body, "m", "", length).inputs["x"]

    assert np.shares_memory(array, np.frombuffer(body, np.uint8))


def test_inputs_come_in_json_and_in_binary_side_by_side() -> None:
    """Triton's client chooses for each tensor."""
    numbers, words = np.array([1.5, 2.5], np.float32), np.array(["é", ""], dtype=object)
    inputs = [
        entry(packed(numbers), [2]),
        tensor([7], [1], "INT64", "json"),
        entry(packed(words), [2, 1], "BYTES", "words"),
    ]
    body, length = with_tail({"inputs": inputs}, packed(numbers), packed(words))

    found = decode(body, "m", "", length).inputs

    assert {name: array.tolist() for name, array in found.items()} == {
        "x": [1.5, 2.5],
        "json": [7],
        "words": [["é"], [""]],
    }


@pytest.mark.parametrize(
    ("form", "binary"),
    [
        (Form(binary=True), {"a", "b"}),
        (Form(binary=True, each={"a": False}), {"b"}),
        (Form(each={"b": True}), {"b"}),
        (Form(each={"b": False}), set()),
    ],
)
def test_outputs_go_out_in_json_and_in_binary_side_by_side(form: Form, binary: set[str]) -> None:
    """The flag of one output wins over the request's."""
    specs = [TensorSpec("a", "INT32", (2,)), TensorSpec("b", "FP32", (1,))]
    arrays = [np.array([1, 2], np.int32), np.array([0.5], np.float32)]

    body, length = encode_as(InferenceResult("m", "1", "", specs, arrays), form)

    found = read_answer(body, length)
    assert {name for name, (_, _, raw) in found.items() if isinstance(raw, bytes)} == binary
    assert (length is None) is (not binary)


def test_a_strided_array_goes_out_in_row_major_order() -> None:
    """Engines hand out views; a client sees one order only."""
    array = np.arange(6, dtype=np.int16).reshape(2, 3).T

    assert answer(array, "INT16", Form(binary=True))["y"] == ("INT16", [3, 2], array.copy().tobytes())


def test_bytes_that_are_no_text_go_through_as_bytes() -> None:
    """Pictures are sent so."""
    array = decode(*_parts(request(np.array([b"\xff\xd8", b"a"], dtype=object), "BYTES"))).inputs["x"]

    assert array.tolist() == [b"\xff\xd8", b"a"]


def test_any_byte_but_zero_is_true() -> None:
    """C++ clients write whatever their compiler takes for true."""
    raw = b"\x00\x01\x02\xff"
    body, length = with_tail({"inputs": [entry(raw, [4], "BOOL")]}, raw)

    assert decode(body, "m", "", length).inputs["x"].tolist() == [False, True, True, True]


EIGHT = bytes(8)
FAULTS: dict[str, tuple[Any, bytes, str]] = {
    "too few bytes for the shape": (
        entry(EIGHT, [3]),
        EIGHT,
        "input byte size mismatch for input 'x' for model 'm'. Expected 12, got 8",
    ),
    "too many": (entry(EIGHT, [1]), EIGHT, "Expected 4, got 8"),
    "a shape that overflows": (entry(EIGHT, [2**62, 2**62]), EIGHT, "Expected more than 2^63, got 8"),
    "a shape that wraps to the right size": (entry(EIGHT, [2**32, 2**32, 2]), EIGHT, "more than 2^63"),
    "a size beyond the body": (entry(EIGHT, [2]), EIGHT[:7], "is 8, but only 7 bytes are left"),
    "a size beyond everything": (
        entry(b"", [2], parameters={"binary_data_size": 2**63 + 1}),
        EIGHT,
        "is more than 2^63, but only 8 bytes are left",
    ),
    "a negative size": (
        entry(b"", [2], parameters={"binary_data_size": -1}),
        EIGHT,
        "must not be negative",
    ),
    "a size that is no integer": (
        entry(b"", [2], parameters={"binary_data_size": "8"}),
        EIGHT,
        "'binary_data_size' of input 'x' must be an integer, not a string",
    ),
    "something behind the last input": (
        entry(EIGHT, [2]),
        EIGHT + b"!",
        "unexpected additional input data: 1 bytes follow",
    ),
    "data in both places": (entry(EIGHT, [2], data=[1, 2]), EIGHT, "'data' and a 'binary_data_size'"),
    "a datatype that nobody knows": (entry(EIGHT, [2], "FP8"), EIGHT, "is 'FP8'; it must be one of"),
    "a negative dimension": (entry(EIGHT, [-2]), EIGHT, "integers from 0 to 2^63-1"),
    "no shape": (entry(EIGHT, None), EIGHT, "'shape' of input 'x' must be an array"),
    "a length of text cut off": (
        entry(b"\0\0\0\0\1\0", [2], "BYTES"),
        b"\0\0\0\0\1\0",
        "unexpected number of string elements for inference input 'x', expecting 2",
    ),
    "a second length cut off": (
        entry(b"\2\0\0\0ab\1\0", [2], "BYTES"),
        b"\2\0\0\0ab\1\0",
        "incomplete string length indicator for inference input 'x', expecting 4 bytes but only 2",
    ),
    "a text cut off": (
        entry(b"\xff\xff\xff\xffabcd", [1], "BYTES"),
        b"\xff\xff\xff\xffabcd",
        "expecting string of length 4294967295 but only 4 bytes available",
    ),
    "fewer texts than elements": (
        entry(b"\4\0\0\0abcd", [2], "BYTES"),
        b"\4\0\0\0abcd",
        "unexpected number of string elements 1 for inference input 'x', expecting 2",
    ),
    "more texts than elements": (
        entry(bytes(8), [1], "BYTES"),
        bytes(8),
        "unexpected number of string elements more for inference input 'x', expecting 1",
    ),
    "more texts than there can be": (
        entry(bytes(8), [2**62, 2**62], "BYTES"),
        bytes(8),
        "expecting more than 2^63",
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_bytes_that_do_not_fit_are_told_where(case: str) -> None:
    """Sizes are written by hand in every language; a shifted tensor would be worse than a refusal."""
    tensor_entry, raw, expected = FAULTS[case]
    body, length = with_tail({"inputs": [tensor_entry]}, raw)

    with pytest.raises(InvalidRequest) as caught:
        decode(body, "m", "", length)

    assert expected in str(caught.value)


def test_a_size_without_the_header_says_which_header() -> None:
    """Proxies drop headers that they do not know."""
    body, _ = with_tail({"inputs": [entry(EIGHT, [2])]}, b"")

    with pytest.raises(InvalidRequest, match="Inference-Header-Content-Length"):
        decode(body, "m")


def test_json_that_is_shorter_than_announced_is_refused() -> None:
    """The header must lie inside the body."""
    with pytest.raises(InvalidRequest, match="says 99, but the body has 2 bytes"):
        decode(b"{}", "m", "", 99)


@pytest.mark.parametrize("text", [b"", b"-1", b"+1", b"1.0", b"0x10", b"1 2", b"a", b"\xb2", b"9" * 40])
def test_a_length_that_is_no_number_is_refused(text: bytes) -> None:
    """Triton once crashed on one of these."""
    with pytest.raises(InvalidRequest, match="must be a whole number"):
        header_length(text)


@given(st.binary(max_size=120), st.integers(0, 130))
def test_random_bytes_are_a_client_error(body: bytes, length: int) -> None:
    """Whatever is sent, and wherever the JSON is said to end."""
    with pytest.raises(RequestFault):
        decode(body, "m", "", length)


@given(
    st.binary(max_size=40),
    st.lists(st.integers(0, 5) | st.sampled_from([2**31, 2**63 - 1]), max_size=3),
    st.sampled_from(EVERYTHING),
    st.integers(-1, 50),
)
def test_any_bytes_for_any_shape_are_an_array_of_that_shape_or_a_client_error(
    raw: bytes, shape: list[int], datatype: str, size: int
) -> None:
    """Nothing is allocated from a shape that the bytes do not bear out."""
    document = {"inputs": [entry(raw, shape, datatype, parameters={"binary_data_size": size})]}
    body, length = with_tail(document, raw)
    try:
        array = decode(body, "m", "", length).inputs["x"]
    except InvalidRequest as fault:
        text = str(fault)
    else:
        assert (list(array.shape), array.dtype) == (shape, DTYPES[datatype])
        return
    assert text.isprintable()
