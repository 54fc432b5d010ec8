"""What is encoded decodes to the same tensors, bit by bit."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_runtime.protocol.messages import InferenceResult
from slipway_runtime.protocol.signature import TensorSpec
from slipway_runtime.protocol.tensors import DTYPES, Array
from slipway_runtime.protocol.v2_decode import decode
from slipway_runtime.protocol.v2_encode import encode
from tensor_bodies import JSON_DATATYPES, padded, tensors

FLOAT32_DIGITS = 9
"""Enough to tell every float32 from its neighbours."""


def _encoded(*pairs: tuple[str, Array]) -> bytes:
    specs = [TensorSpec(f"t{i}", datatype, array.shape) for i, (datatype, array) in enumerate(pairs)]
    return encode(InferenceResult("m", "1", "", specs, [array for _, array in pairs]))


def _assert_same(found: Array, wanted: Array) -> None:
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    np.testing.assert_array_equal(found, wanted)
    if wanted.dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(found), np.signbit(wanted))


@given(st.lists(tensors(), max_size=3), st.sampled_from([bytes, padded]))
def test_every_tensor_survives_an_answer_and_a_request(pairs: list[tuple[str, Array]], sized: Any) -> None:
    """Models are chained: one's answer is the next one's request, and nothing may drift on the way."""
    answer = json.loads(_encoded(*pairs))
    request = decode(sized(json.dumps({"inputs": answer["outputs"]}).encode()), "m")
    for number, (_, array) in enumerate(pairs):
        found = request.inputs[f"t{number}"]
        if np.isnan(array).any() if array.dtype.kind == "f" else False:
            np.testing.assert_array_equal(found, array)  # NaN's sign is nobody's data
        else:
            _assert_same(found, array)


@given(tensors(["FP32"]))
def test_a_float32_is_written_with_its_own_digits(pair: tuple[str, Array]) -> None:
    """0.1 in float32 is 0.1, not 0.10000000149011612: half the bytes, and what people expect to read."""
    array = pair[1]
    texts = json.loads(_encoded(pair), parse_float=str, parse_constant=str)["outputs"][0]["data"]
    for text, number in zip(texts, array.ravel(), strict=True):
        assert float(np.float32(text)) == float(number) or np.isnan(number)
        if np.isfinite(number):
            assert len(Decimal(text).normalize().as_tuple().digits) <= FLOAT32_DIGITS


@given(tensors())
def test_nan_does_not_change_its_neighbours(pair: tuple[str, Array]) -> None:
    """An answer with one NaN goes another way through the code, and has to say the same."""
    nan = ("FP32", np.array([np.nan], np.float32))
    alone = json.loads(_encoded(pair))["outputs"][0]
    beside = json.loads(_encoded(pair, nan))["outputs"][0]
    assert json.dumps(alone) == json.dumps(beside)


@pytest.mark.parametrize("datatype", JSON_DATATYPES)
def test_every_datatype_has_a_tensor_without_elements(datatype: str) -> None:
    """An empty detection list is an answer."""
    array = np.empty((0, 3), dtype=DTYPES[datatype])
    output = json.loads(_encoded((datatype, array)))["outputs"][0]
    assert output == {"name": "t0", "datatype": datatype, "shape": [0, 3], "data": []}
