"""Answers over gRPC that are put together from kept pieces: the bytes that protobuf would write, always."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_runtime.protocol import v2_grpc, v2_grpc_written
from slipway_runtime.protocol.kept import MANY, Kept
from slipway_runtime.protocol.messages import Form, InferenceRequest, InferenceResult
from slipway_runtime.protocol.signature import TensorSpec
from slipway_runtime.protocol.tensors import DTYPES
from slipway_runtime.protocol.v2_grpc_written import write_again
from slipway_runtime.rpc.messages import message
from slipway_runtime.rpc.v2 import encode

ASKED = InferenceRequest("m", "", "", {}, ())


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(v2_grpc_written, "_PIECES", Kept())


def plainly(result: InferenceResult, request: InferenceRequest = ASKED) -> bytes:
    """The answer as protobuf writes it."""
    answer = message("inference.ModelInferResponse")()
    v2_grpc.encode(result, request, answer)
    text: bytes = answer.SerializeToString()
    return text


def answered(*arrays: Any, specs: tuple[TensorSpec, ...] = (), **fields: str) -> InferenceResult:
    """A result whose outputs are called y0, y1 and so on."""
    specs = specs or tuple(TensorSpec(f"y{i}", "FP32", (-1, -1)) for i in range(len(arrays)))
    arrays = tuple(np.array(array, spec.dtype) for array, spec in zip(arrays, specs, strict=True))
    return InferenceResult(**{"model": "m", "version": "1", "id": "", **fields}, specs=specs, arrays=arrays)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["BOOL", "INT8", "INT64", "FP16", "FP32", "FP64"]),
            st.lists(st.sampled_from([0, 1, 2, 3, 130]), max_size=2),
        ),
        max_size=3,
    ),
    st.sampled_from([{}, {"id": "a"}, {"version": ""}, {"model": "modèle"}]),
)
def test_every_answer_is_what_protobuf_would_write(
    outputs: list[tuple[str, list[int]]], fields: dict[str, str]
) -> None:
    """A client must not be able to tell how its answer was put together."""
    specs = tuple(
        TensorSpec(f"y{i}", datatype, (-1,) * len(shape)) for i, (datatype, shape) in enumerate(outputs)
    )
    for number in range(3):
        arrays = tuple(np.full(shape, number, DTYPES[datatype]) for datatype, shape in outputs)
        result = answered(*arrays, specs=specs, **fields)
        assert encode(result, ASKED) == plainly(result)


def test_the_second_of_its_kind_is_put_together() -> None:
    """Otherwise nothing is gained."""
    encode(answered([[1, 2]]), ASKED)
    assert write_again(answered([[3, 4]])) == plainly(answered([[3, 4]]))
    assert write_again(answered([[3, 4]], version="2")) is None
    assert write_again(answered([[3, 4, 5]])) is None


def test_other_outputs_of_the_same_shapes_keep_their_names() -> None:
    """Two clients of one model ask for one output each: they look alike but for the name and the datatype."""
    encode(answered([[1, 2]]), ASKED)
    for spec in (TensorSpec("other", "FP32", (-1, -1)), TensorSpec("y0", "FP64", (-1, -1))):
        result = answered([[1, 2]], specs=(spec,))
        assert encode(result, ASKED) == plainly(result)


def test_a_form_that_was_asked_for_is_never_put_together() -> None:
    """Who asks for the classes of an output gets text, whoever asked before for its numbers."""
    encode(answered([[1, 2]]), ASKED)
    asked = ASKED._replace(form=Form(classes={"y0": 1}))
    assert encode(answered([[1, 2]]), asked) == plainly(answered([[1, 2]]), asked)
    assert encode(answered([[1, 2]]), ASKED) == plainly(answered([[1, 2]]))


def test_text_is_not_kept() -> None:
    """Its length differs each time."""
    specs = (TensorSpec("y0", "BYTES", (-1,)),)
    encode(InferenceResult("m", "1", "", specs, (np.array(["a", "b"], np.object_),)), ASKED)
    assert not v2_grpc_written._PIECES  # what is kept is the matter


def test_only_so_many_are_kept() -> None:
    """Clients choose the shapes; they must not choose the server's memory."""
    for length in range(1, 3 * MANY):
        encode(answered([[1] * length]), ASKED)
        assert len(v2_grpc_written._PIECES) <= MANY  # what is kept is the matter
