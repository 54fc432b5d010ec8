"""Values to JSON: every kind of array and scalar that an engine may give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.answers import dump, one_a_row, primary_of, value_of
from slipway_runtime.protocol.signature import Signature, TensorSpec


@pytest.mark.parametrize(
    ("value", "body"),
    [
        (np.array([1, 2]), b"[1,2]"),
        (np.array([1, 2], np.longlong), b"[1,2]"),
        (np.array([1, 2], np.longlong)[0], b"1"),
        (np.array([1, 2], np.uint8)[0], b"1"),
        (np.array([0.1], np.float32)[0], b"0.1"),
        (np.array([0.5], np.float16)[0], b"0.5"),
        (np.array([0.5], np.float16), b"[0.5]"),
        (np.array([[1, 2], [3, 4]]).T, b"[[1,3],[2,4]]"),
        (np.array(5), b"5"),
        (np.array([True]), b"[true]"),
        (np.array([], np.float32), b"[]"),
        ([np.float32(0.1), np.float32("nan"), np.longlong(3)], b"[0.1,NaN,3]"),
        ([np.array([0.1, np.inf], np.float32), np.array([1], np.longlong)], b"[[0.1,Infinity],[1]]"),
        ([np.array([0.5, -np.inf], np.float16), np.bool_(True)], b"[[0.5,-Infinity],true]"),
        (["null", None], b'["null",null]'),
    ],
)
def test_what_an_engine_gives_is_written_exactly(value: Any, body: bytes) -> None:
    """ONNX Runtime's int64 is C's long long, which is not numpy's int64 to every library."""
    assert dump({"y": value}) == b'{"y":%s}' % body


def test_text_is_decoded_and_what_is_no_text_is_refused() -> None:
    """Engines give strings as str or as bytes."""
    spec = TensorSpec("s", "BYTES", (-1,))

    assert value_of(spec, np.array(["ä", "ä".encode()], object)) == ["ä", "ä"]
    with pytest.raises(InvalidRequest, match="not UTF-8"):
        value_of(spec, np.array([b"\xff"], object))


def test_a_datatype_that_numpy_does_not_know_has_no_json_form() -> None:
    """Its bits as numbers would be other numbers."""
    with pytest.raises(InvalidRequest, match="no JSON form"):
        value_of(TensorSpec("y", "BF16", (-1,)), np.zeros(1, [("bfloat16", "<u2")]))


def test_the_answer_is_the_primary_output_or_the_first() -> None:
    """A converted classifier has several outputs, and one that `predict` means."""
    outputs = (TensorSpec("a", "FP32", (-1,)), TensorSpec("b", "FP32", (-1,)))

    assert primary_of(Signature("t", (), outputs)) == "a"
    assert primary_of(Signature("t", (), outputs, primary="b")) == "b"


@pytest.mark.parametrize(("shape", "wanted"), [((2, 1), (2,)), ((2,), (2,)), ((2, 2), (2, 2)), ((), ())])
def test_one_value_a_row_has_no_axis_of_its_own(shape: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    """`predict` of an estimator gives a flat array."""
    assert one_a_row(np.zeros(shape)).shape == wanted
