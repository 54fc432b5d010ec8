"""A body that is nothing but one input's bytes: its shape follows from the model and from its length."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binary_bodies import spec, taking
from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.tensors import DTYPES
from slipway_runtime.protocol.v2_raw import decode_raw


@pytest.mark.parametrize(
    ("declared", "count", "expected"),
    [
        ((4,), 4, (4,)),
        ((-1,), 3, (3,)),
        ((-1,), 0, (0,)),
        ((-1, 4), 4, (1, 4)),
        ((-1, 4), 8, (2, 4)),
        ((-1, -1), 5, (1, 5)),
        ((-1, 3, -1), 6, (1, 3, 2)),
        ((2, -1), 6, (2, 3)),
        ((), 1, ()),
    ],
)
def test_the_shape_follows_from_the_length(
    declared: tuple[int, ...], count: int, expected: tuple[int, ...]
) -> None:
    """`curl --data-binary @row.bin` is the whole client."""
    body = np.arange(count, dtype=np.float32).tobytes()

    request = decode_raw(body, "m", "", taking(spec("x", "FP32", declared)))

    assert request.inputs["x"].shape == expected
    assert request.inputs["x"].ravel().tolist() == list(range(count))
    assert request.form is not None
    assert request.form.binary


@pytest.mark.parametrize("declared", [(1,), (-1,), (-1, 1), ()])
def test_one_text_needs_no_length_before_it(declared: tuple[int, ...]) -> None:
    """A file's bytes as they are: a picture, a sentence."""
    request = decode_raw("é b".encode(), "m", "", taking(spec("x", "BYTES", declared)))

    assert request.inputs["x"].ravel().tolist() == ["é b"]


@pytest.mark.parametrize(
    ("inputs", "body", "expected"),
    [
        (
            [spec("a", "FP32", (1,)), spec("b", "FP32", (1,))],
            b"",
            r"Raw request must only have 1 input \(found 1\) to be deduced but got 2 inputs in 'm'",
        ),
        (
            [spec("x", "FP32", (1, -1, -1))],
            bytes(8),
            "input 'x' can not be deduced because there are more than one variable-sized dimension",
        ),
        (
            [spec("x", "BYTES", (2,))],
            b"ab",
            r"For BYTE datatype raw input 'x', the model must have input shape \[1\]",
        ),
        ([spec("x", "FP32", (2,))], bytes(9), "input byte size mismatch for input 'x'.* Expected 8, got 9"),
        ([spec("x", "FP32", (-1, 4))], bytes(9), "Expected 0, got 9"),
        ([spec("x", "FP32", (0, -1))], bytes(4), "Expected 0, got 4"),
    ],
)
def test_what_cannot_be_worked_out_is_refused_in_the_words_of_triton(
    inputs: list[object], body: bytes, expected: str
) -> None:
    """Its own tests look for them."""
    with pytest.raises(InvalidRequest, match=expected):
        decode_raw(body, "m", "", taking(*inputs))  # type: ignore[arg-type] # specs, in a list of cases


@given(
    st.binary(max_size=64),
    st.sampled_from(sorted(DTYPES)),
    st.lists(st.integers(-1, 4) | st.just(2**62), max_size=4),
)
def test_any_body_for_any_model_is_a_request_or_a_client_error(
    body: bytes, datatype: str, shape: list[int]
) -> None:
    """The length of a body is a stranger's choice."""
    try:
        request = decode_raw(body, "m", "", taking(spec("x", datatype, tuple(shape))))
    except InvalidRequest as fault:
        text = str(fault)
    else:
        assert spec("x", datatype, tuple(shape)).accepts(request.inputs["x"].shape)
        return
    assert text.isprintable()
