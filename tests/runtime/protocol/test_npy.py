"""numpy's file format, as SageMaker's clients send arrays."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fake_dataplane import CLASSIFIER, floats
from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol import mlflow
from slipway_runtime.protocol.npy import decode
from slipway_runtime.protocol.tensors import element_count

NUMBERS = (
    arrays.integer_dtypes() | arrays.unsigned_integer_dtypes() | arrays.floating_dtypes(sizes=(16, 32, 64))
)


def saved(array: Any, **options: Any) -> bytes:
    """The file of an array."""
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


@given(arrays.arrays(NUMBERS, arrays.array_shapes(max_side=3), elements={"allow_nan": False}), st.booleans())
def test_an_array_is_read_as_it_was_saved(array: Any, by_column: object) -> None:
    """Of any width and byte order, by row or by column."""
    sent = np.asfortranarray(array) if by_column else array

    values, dims = decode(saved(sent))

    np.testing.assert_array_equal(values.reshape(dims), array)


def test_a_file_gives_the_inputs_that_json_gives() -> None:
    """Only the bytes differ."""
    rows = floats([[1, 2, 3, 4], [5, 6, 7, 8]])
    as_json = json.dumps(rows.tolist()).encode()

    found = mlflow.decode(saved(rows), CLASSIFIER, "application/x-npy")["x"]
    np.testing.assert_array_equal(found, mlflow.decode(as_json, CLASSIFIER)["x"])


GOOD = saved(floats([[1, 2, 3, 4]]))
HUGE = GOOD.replace(b"(1, 4), }", b"(9**9,4)}").replace(b"(9**9,4)}", b"(1,4000)}")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "not an npy file"),
        (b"[[1, 2, 3, 4]]", "not an npy file"),
        (GOOD[:20], "not an npy file"),
        (GOOD[:-1], "15 bytes of data"),
        (GOOD + b"\0", "17 bytes of data"),
        (HUGE, "16 bytes of data"),
        (GOOD.replace(b"(1, 4), }", b"(-1,-4) }"), "no array has"),
        (saved(np.array([{}]), allow_pickle=True), "integers or floats"),
        (saved(np.array(["a"])), "integers or floats"),
        (saved(np.array([1j])), "integers or floats"),
        (saved(np.zeros(2, "f4,f4")), "integers or floats"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused(body: bytes, text: str) -> None:
    """An array of objects would be a pickle, and a pickle is a program."""
    with pytest.raises(InvalidRequest, match=text):
        decode(body)


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_one_wrong_byte_is_refused_or_another_array(place: int, byte: int) -> None:
    """A header is a stranger's Python literal."""
    body = GOOD[:place] + bytes([byte]) + GOOD[place + 1 :]
    try:
        found = decode(body)
    except InvalidRequest:
        return
    assert element_count(found.dims) == len(found.values)
