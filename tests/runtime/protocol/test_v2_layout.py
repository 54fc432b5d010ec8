"""Shape against data: counts in unbounded integers, nested or flat."""

from __future__ import annotations

from typing import Any

import pytest

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.json_document import COUNTABLE
from slipway_runtime.protocol.v2_decode import decode
from tensor_bodies import Sized, in_both_sizes, one

HUGE = 2**63 - 1


@in_both_sizes
@pytest.mark.parametrize(
    ("data", "shape"),
    [
        ([1, 2, 3, 4, 5, 6], [2, 3]),
        ([[1, 2, 3], [4, 5, 6]], [2, 3]),
        ([[[1], [2], [3]], [[4], [5], [6]]], [2, 3]),
        ([[1, 2, 3], [4, 5, 6]], [2, 1, 3]),
        ([[[1, 2, 3], [4, 5, 6]]], [2, 3]),
        ([1, 2, 3, 4, 5, 6], [1, 1, 6, 1]),
    ],
)
def test_data_may_be_flat_or_nested(sized: Sized, data: Any, shape: list[int]) -> None:
    """Both are row-major, and dimensions of size 1 carry no order."""
    array = one(sized, data, shape)
    assert (list(array.shape), array.ravel().tolist()) == (shape, [1, 2, 3, 4, 5, 6])


@in_both_sizes
@pytest.mark.parametrize(
    ("data", "shape"),
    [([5], []), ([], [0]), ([], [0, 4]), ([], [3, 0, 2]), ([[], []], [2, 0]), ([5], [1] * 64)],
)
def test_scalars_and_empty_tensors_are_tensors(sized: Sized, data: Any, shape: list[int]) -> None:
    """A batch of nothing is what a pipeline sends on a quiet day."""
    assert list(one(sized, data, shape).shape) == shape


@in_both_sizes
@pytest.mark.parametrize(
    ("data", "shape", "counted", "expected"),
    [
        ([1, 2, 3], [2], "3", "2"),
        ([], [1], "0", "1"),
        ([1], [], "1", None),
        ([1], [0], "1", "0"),
        ([[1, 2], [3, 4]], [3], "4", "3"),
        ([1], [HUGE], "1", "9223372036854775807"),
        ([1], [HUGE, HUGE], "1", "more than 2^63-1"),
        ([1], [2**32, 2**32], "1", "more than 2^63-1"),
        ([1], [2**32, 2**32, 2], "1", "more than 2^63-1"),
        ([], [2**32, 2**32], "0", "more than 2^63-1"),
    ],
)
def test_a_count_that_differs_from_the_shape_is_refused(
    sized: Sized, data: Any, shape: list[int], counted: str, expected: str | None
) -> None:
    """2^32 times 2^32 is 0 in 64 bits: a check that overflows would let a server read past its buffer."""
    if expected is None:
        assert one(sized, data, shape).tolist() == 1.0
        return
    with pytest.raises(InvalidRequest) as caught:
        one(sized, data, shape)
    assert f"has {counted} elements, its shape" in str(caught.value)
    assert f"asks for {expected}" in str(caught.value)


@in_both_sizes
@pytest.mark.parametrize("datatype", ["FP32", "FP64", "INT64", "UINT8", "BOOL", "BYTES"])
@pytest.mark.parametrize("shape", [[0, HUGE, HUGE], [HUGE, 0, HUGE], [2**62, 0, 2**62]])
def test_a_huge_size_beside_a_zero_is_refused(sized: Sized, datatype: str, shape: list[int]) -> None:
    """The count is right, zero, and still no array can have this shape."""
    with pytest.raises(InvalidRequest, match=r"'shape' of input 'x' is .* too large"):
        one(sized, [], shape, datatype)


@in_both_sizes
@pytest.mark.parametrize(
    ("data", "shape"),
    [
        ([[1, 2], [3]], [3]),
        ([[1, 2], [3], [4, 5, 6]], [3, 2]),
        ([[1, 2], [3], [4, 5, 6]], [6]),
        ([[[1, 2], [3, 4]], [[5, 6]], [[7, 8], [9, 10], [11, 12]]], [3, 2, 2]),
        ([[[1, 2], [3, 4]], [[5], [6, 7, 8]]], [2, 2, 2]),
        ([1, [2, 3]], [3]),
        ([[1, 2], 3, 4], [4]),
    ],
)
def test_ragged_data_is_refused(sized: Sized, data: Any, shape: list[int]) -> None:
    """Rows of different lengths are a bug upstream, also where the total happens to be right."""
    with pytest.raises(InvalidRequest):
        one(sized, data, shape)


@in_both_sizes
@pytest.mark.parametrize("shape", [[3, 2], [6], [1, 6], [2, 3, 1, 2]])
def test_nesting_that_contradicts_the_shape_is_refused(sized: Sized, shape: list[int]) -> None:
    """The same count in another arrangement is a transposed matrix more often than a wish."""
    with pytest.raises(InvalidRequest, match=r"\[2,3\]|elements"):
        one(sized, [[1, 2, 3], [4, 5, 6]], shape)


def test_more_elements_than_simdjson_can_count_are_all_read() -> None:
    """It counts in 24 bits; a list made by its count would be written to beyond its end."""
    count = COUNTABLE // 2 + 1
    document = b'{"inputs":[{"name":"x","shape":[%d],"datatype":"UINT8","data":[%s1]}]}'

    array = decode(document % (count, b"0," * (count - 1)), "m").inputs["x"]

    assert (array.shape, int(array.sum())) == ((count,), 1)
