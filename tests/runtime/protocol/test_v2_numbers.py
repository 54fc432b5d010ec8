"""Elements: every datatype's range, and what may not be turned into a number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.tensors import DTYPES, INTEGERS
from slipway_runtime.protocol.v2_decode import decode
from tensor_bodies import Sized, body, in_both_sizes, one, tensor

LIMITS = {
    name: (int(np.iinfo(DTYPES[name]).min), int(np.iinfo(DTYPES[name]).max)) for name in sorted(INTEGERS)
}


@in_both_sizes
@pytest.mark.parametrize("datatype", sorted(INTEGERS))
def test_an_integer_type_takes_its_whole_range(sized: Sized, datatype: str) -> None:
    """Identifiers and hashes use all 64 bits; a detour through float would round them."""
    limits = list(LIMITS[datatype])
    array = one(sized, limits, [2], datatype)
    assert (array.dtype, array.tolist()) == (DTYPES[datatype], limits)


@in_both_sizes
@pytest.mark.parametrize("datatype", sorted(INTEGERS))
@pytest.mark.parametrize("side", [0, 1])
def test_an_integer_beyond_its_type_is_refused(sized: Sized, datatype: str, side: int) -> None:
    """Numpy would wrap 256 to 0 and the model would answer for another number."""
    beyond = LIMITS[datatype][side] + (-1, 1)[side]
    with pytest.raises(InvalidRequest) as caught:
        one(sized, [beyond], [1], datatype)
    assert "must lie between" in str(caught.value) or "must hold whole numbers" in str(caught.value)


@in_both_sizes
@pytest.mark.parametrize("datatype", sorted(INTEGERS))
@pytest.mark.parametrize("huge", [10**25, -(10**25), 10**300])
def test_a_huge_integer_is_refused_for_an_integer_type(sized: Sized, datatype: str, huge: int) -> None:
    """It fits into nothing."""
    with pytest.raises(InvalidRequest, match="'data' of input 'x'"):
        one(sized, [huge], [1], datatype)


@in_both_sizes
@pytest.mark.parametrize("datatype", ["FP32", "FP64"])
def test_a_huge_integer_is_an_ordinary_float(sized: Sized, datatype: str) -> None:
    """JSON knows one kind of number: 10^25 written in full means 1e25."""
    assert one(sized, [10**25, 1], [2], datatype).tolist() == pytest.approx([1e25, 1.0])


@in_both_sizes
def test_a_million_digits_are_refused(sized: Sized) -> None:
    """Python alone would take minutes over them."""
    digits = b'{"inputs":[{"name":"x","shape":[1],"datatype":"%s","data":[' + b"9" * 10**6 + b"%s]}]}"
    for datatype, rest in ((b"FP64", b""), (b"INT64", b""), (b"FP64", b",NaN")):
        with pytest.raises(InvalidRequest, match="not valid JSON"):
            decode(sized(digits % (datatype, rest)), "m")


@in_both_sizes
@pytest.mark.parametrize("rest", [b"", b", NaN"])
def test_a_number_beyond_double_is_refused(sized: Sized, rest: bytes) -> None:
    """1e400 is a mistake, not infinity: infinity has a token of its own."""
    document = b'{"inputs":[{"name":"x","shape":[2],"datatype":"FP64","data":[1e400%s]}]}' % rest
    with pytest.raises(InvalidRequest, match="not valid JSON"):
        decode(sized(document), "m")


@in_both_sizes
def test_an_integer_beyond_double_beside_a_nan_is_refused(sized: Sized) -> None:
    """The slow parser reads integers of any length; no float holds them."""
    with pytest.raises(InvalidRequest, match="has a number that is too large"):
        one(sized, [10**400, math.nan], [2], "FP64")


@in_both_sizes
def test_a_double_beyond_float32_becomes_infinity(sized: Sized) -> None:
    """As IEEE rounds it and Triton answers; in silence, because a warning per request would fill the log."""
    assert one(sized, [1e39, -1e39, 3e38], [3]).tolist() == pytest.approx([math.inf, -math.inf, 3e38])


@in_both_sizes
@pytest.mark.parametrize("datatype", ["FP32", "FP64"])
def test_nan_and_the_infinities_are_numbers(sized: Sized, datatype: str) -> None:
    """Missing values are NaN in every tabular model; Triton's clients send the tokens."""
    array = one(sized, [math.nan, math.inf, -math.inf, 1.5], [4], datatype)
    np.testing.assert_array_equal(array, np.array([math.nan, math.inf, -math.inf, 1.5], DTYPES[datatype]))


@in_both_sizes
def test_nan_is_no_integer(sized: Sized) -> None:
    """Numpy would make some number of it."""
    with pytest.raises(InvalidRequest, match="must hold whole numbers, not a number"):
        one(sized, [math.nan], [1], "INT32")


@in_both_sizes
def test_the_smallest_numbers_survive(sized: Sized) -> None:
    """Denormals and the sign of zero are data too."""
    array = one(sized, [5e-324, -0.0, 2.2250738585072014e-308], [3], "FP64")
    assert array.tolist() == [5e-324, 0.0, 2.2250738585072014e-308]
    assert math.copysign(1, array[1]) == -1


WRONG_ELEMENTS = [
    ("FP32", None, "must hold numbers, not null"),
    ("FP32", True, "must hold numbers, not a boolean"),
    ("FP32", "1.5", "must hold numbers, not a string"),
    ("FP64", {"a": 1}, "must hold numbers, not an object"),
    ("INT32", None, "must hold whole numbers, not null"),
    ("INT32", False, "must hold whole numbers, not a boolean"),
    ("INT32", "7", "must hold whole numbers, not a string"),
    ("INT32", 1.5, "must hold whole numbers, not a number"),
    ("INT32", 1.0, "must hold whole numbers, not a number"),
    ("UINT8", 1.0, "must hold whole numbers, not a number"),
    ("BOOL", 1, "must hold true and false, not an integer"),
    ("BOOL", None, "must hold true and false, not null"),
    ("BOOL", "true", "must hold true and false, not a string"),
    ("BYTES", 1, "must hold strings, not an integer"),
    ("BYTES", None, "must hold strings, not null"),
]


@in_both_sizes
@pytest.mark.parametrize(("datatype", "odd", "expected"), WRONG_ELEMENTS)
@pytest.mark.parametrize("place", [0, 1])
def test_an_element_of_another_type_is_refused(
    sized: Sized, datatype: str, odd: Any, expected: str, place: int
) -> None:
    """Cast in silence, null would be NaN and true would be 1: a wrong answer instead of an error."""
    fine = {"BOOL": True, "BYTES": "a"}.get(datatype, 1)
    with pytest.raises(InvalidRequest) as caught:
        one(sized, [[odd, fine], [fine, odd]][place], [2], datatype)
    assert expected in str(caught.value)


@in_both_sizes
def test_integers_are_fine_floats(sized: Sized) -> None:
    """[5, 3, 1, 0] is how people write a row of iris."""
    assert one(sized, [5, 3, 1.5, 0], [1, 4]).tolist() == [[5.0, 3.0, 1.5, 0.0]]


@in_both_sizes
def test_text_arrives_as_it_was_sent(sized: Sized) -> None:
    """Tokenizers see every character, NUL and emoji included."""
    words = ["", "é\0\n", "日本", "👍🏽", "null", "NaN"]
    array = one(sized, words, [2, 3], "BYTES")
    assert (array.shape, array.ravel().tolist()) == ((2, 3), words)


@in_both_sizes
@pytest.mark.parametrize(
    ("datatype", "data"), [("FP32", [["s3cr3t"]]), ("INT8", [424242]), ("BOOL", [424242])]
)
def test_an_error_never_repeats_the_data(sized: Sized, datatype: str, data: Any) -> None:
    """What people send to a model is theirs; errors end up in logs."""
    with pytest.raises(InvalidRequest) as caught:
        decode(sized(body(tensor(data, [1], datatype))), "m")
    assert "s3cr3t" not in str(caught.value)
    assert "424242" not in str(caught.value)
