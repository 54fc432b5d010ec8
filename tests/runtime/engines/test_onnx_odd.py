"""bfloat16 and text: what numpy and ONNX Runtime do not agree about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

import onnx_models
from slipway_runtime.engines.onnx import OnnxEngine
from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.tensors import bits_of, from_bits


def test_bfloat16_goes_in_and_comes_out_bit_by_bit_beside_others(tmp_path: Path) -> None:
    """Language models are trained in it."""
    made = onnx_models.model(
        [
            helper.make_node("Cast", ["x"], ["wide"], to=TensorProto.FLOAT),
            helper.make_node("Add", ["wide", "z"], ["sum"]),
            helper.make_node("Cast", ["sum"], ["y"], to=TensorProto.BFLOAT16),
        ],
        [onnx_models.value("x", "BF16", (None, 2)), onnx_models.value("z", "FP32", (None, 2))],
        [onnx_models.value("sum"), onnx_models.value("y", "BF16", (None, 2))],
    )
    engine = OnnxEngine(onnx_models.save(made, tmp_path / "model.onnx"))
    half = np.frombuffer(np.array([0x3F80, 0x4000], np.uint16).tobytes(), np.uint16).reshape(1, 2)  # 1, 2

    total, answer = engine.run({"x": from_bits(half), "z": np.ones((1, 2), np.float32)}, ["sum", "y"])

    assert total.tolist() == [[2, 3]]
    assert bits_of(answer).tolist() == [[0x4000, 0x4040]]


def test_a_bfloat16_batch_of_no_rows_is_one(tmp_path: Path) -> None:
    """A filter left nothing to predict."""
    engine = OnnxEngine(onnx_models.save(onnx_models.identity("BF16"), tmp_path / "model.onnx"))

    (answer,) = engine.run({"x": from_bits(np.zeros((0, 2), np.uint16))}, ["y"])

    assert answer.shape == (0, 2)


def test_text_that_came_as_bytes_is_text(tmp_path: Path) -> None:
    """Over gRPC every text does; the model must not see b'...'."""
    engine = OnnxEngine(onnx_models.save(onnx_models.identity("BYTES"), tmp_path / "model.onnx"))

    (answer,) = engine.run({"x": np.array([["é".encode(), "b"]], dtype=object)}, ["y"])

    assert answer.tolist() == [["é", "b"]]


def test_bytes_that_are_no_text_are_the_clients_fault(tmp_path: Path) -> None:
    """ONNX knows text only."""
    engine = OnnxEngine(onnx_models.save(onnx_models.identity("BYTES"), tmp_path / "model.onnx"))

    with pytest.raises(InvalidRequest, match="input 'x' is not UTF-8 text"):
        engine.run({"x": np.array([[b"\xff", "b"]], dtype=object)}, ["y"])
