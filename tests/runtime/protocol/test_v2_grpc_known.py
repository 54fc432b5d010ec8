"""Heads of gRPC requests that were read before: equal bytes mean the same, whatever else changes is seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_runtime.protocol import v2_grpc, v2_grpc_known
from slipway_runtime.protocol.kept import MANY, Kept
from slipway_runtime.protocol.messages import InferenceRequest
from slipway_runtime.protocol.v2_grpc_known import recall
from slipway_runtime.protocol.v2_known import LONGEST
from slipway_runtime.rpc.messages import message
from slipway_runtime.rpc.v2 import decode

NUMBERS = {"FP32": np.float32, "INT64": np.int64, "UINT8": np.uint8, "FP16": np.float16}


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(v2_grpc_known, "_HEADS", Kept())


def written(numbers: Any, datatype: str = "FP32", **fields: Any) -> bytes:
    """A request's bytes, with one input, raw."""
    array = np.array(numbers, NUMBERS[datatype])
    asked = message("inference.ModelInferRequest")(model_name="m", **fields)
    asked.inputs.add(name="x", datatype=datatype, shape=array.shape)
    asked.raw_input_contents.append(array.tobytes())
    text: bytes = asked.SerializeToString()
    return text


def same(one: InferenceRequest, other: InferenceRequest) -> bool:
    """Whether two requests ask the same."""
    arrays = zip(one.inputs.items(), other.inputs.items(), strict=True)
    equal = all(
        a == b and x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes()
        for (a, x), (b, y) in arrays
    )
    return equal and one._replace(inputs={}) == other._replace(inputs={})


@given(
    st.sampled_from(sorted(NUMBERS)),
    st.lists(st.lists(st.integers(0, 200), min_size=3, max_size=3), min_size=1, max_size=4),
    st.sampled_from([{}, {"model_version": "1"}, {"id": "a"}]),
)
def test_what_is_recalled_is_what_would_be_read(
    datatype: str, rows: list[list[int]], fields: dict[str, str]
) -> None:
    """A short way that answers another question than was asked would be worse than none."""
    for numbers in (rows, [[value + 1 for value in row] for row in rows], rows[::-1]):
        text = written(numbers, datatype, **fields)
        plain = v2_grpc.decode(message("inference.ModelInferRequest").FromString(text))
        assert same(decode(text)[0], plain)


def test_the_second_of_its_kind_is_recalled() -> None:
    """Otherwise nothing is gained."""
    decode(written([[1, 2]]))
    assert recall(written([[3, 4]])) is not None
    assert recall(written([[3, 4]], model_version="1")) is None
    assert recall(written([[3, 4, 5]])) is None


def test_parameters_and_outputs_are_part_of_the_head() -> None:
    """Two clients of one model that ask for different outputs must each get theirs."""
    asked = message("inference.ModelInferRequest").FromString(written([[1, 2]]))
    asked.parameters["timeout"].int64_param = 5_000_000
    asked.outputs.add(name="y")
    for _ in range(2):
        found = decode(asked.SerializeToString())[0]
        assert (found.outputs, found.seconds) == (("y",), 5.0)
    assert decode(written([[1, 2]]))[0].outputs == ()


def test_numbers_inside_a_field_that_nobody_knows_are_not_taken_for_the_inputs() -> None:
    """The end of these bytes looks like the input's numbers, which are elsewhere."""
    array = np.array([[1, 2]], np.float32)
    end = b"\x3a\x08" + array.tobytes()
    unknown = b"\xfa\x07" + bytes([len(end)]) + end  # field 127, with bytes
    for last in (array, array + 1):
        text = written(array) + unknown[: -array.nbytes] + last.tobytes()
        assert decode(text)[0].inputs["x"].tolist() == [[1, 2]]


@pytest.mark.parametrize("fields", [{"id": "a"}, {"model_version": "v" * LONGEST}], ids=["id", "long"])
def test_what_seldom_comes_again_is_not_kept(fields: dict[str, str]) -> None:
    """Ids differ each time: keeping them would only cost."""
    decode(written([[1, 2]], **fields))
    assert not v2_grpc_known._HEADS  # what is kept is the matter


def test_only_so_many_are_kept() -> None:
    """Clients choose the heads; they must not choose the server's memory."""
    for length in range(1, 3 * MANY):
        decode(written([[1] * length]))
        assert len(v2_grpc_known._HEADS) <= MANY  # what is kept is the matter
