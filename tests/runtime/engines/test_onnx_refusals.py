"""Files and models that the engine cannot serve: a typed reason and the cause, before anything is ready."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

import onnx_models
from slipway_runtime.engines.onnx import OnnxEngine
from slipway_runtime.errors import LoadFailure, Reason


def _failure(path: Path) -> LoadFailure:
    with pytest.raises(LoadFailure) as caught:
        OnnxEngine(path)
    assert len(caught.value.message) < 400
    assert caught.value.message.isascii()
    return caught.value


OTHER_FILES = {
    "empty": b"",
    "html": b"<html><body>404 Not Found</body></html>",
    "json": b'{"error": "no such key"}',
    "git lfs pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
    "pickle": pickle.dumps({"a": [1, 2]}),
    "png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "zeros": bytes(100),
    "text": b"hello",
    "one byte": b"\x08",
    "a protobuf of another kind": b"\x0a\x05hello",
}


@pytest.mark.parametrize("content", OTHER_FILES.values(), ids=OTHER_FILES.keys())
def test_a_file_of_another_kind_is_no_model(
    tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """What people serve by mistake; retrying changes nothing, and the log stays one JSON object a line."""
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    failure = _failure(path)
    assert failure.reason in (Reason.UNSUPPORTED_FORMAT, Reason.MODEL_LOAD_FAILED)
    assert "model.onnx" in failure.message
    assert capfd.readouterr() == ("", "")


def _newer_opset(made: Any) -> None:
    made.opset_import[0].version = 99


def _newer_format(made: Any) -> None:
    made.ir_version = 99


def _unknown_operator(made: Any) -> None:
    made.opset_import.add(domain="acme", version=1)
    made.graph.node.add(op_type="Secret", domain="acme", input=["x"], output=["q"])


def _dangling_edge(made: Any) -> None:
    made.graph.node[0].input[1] = "nothing"


def _wrong_weight(made: Any) -> None:
    made.graph.initializer[0].dims[0] = 3


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        (_newer_opset, "Opset 99"),
        (_newer_format, "Unsupported model IR version: 99"),
        (_unknown_operator, "acme:Secret"),
        (_dangling_edge, "nothing"),
        (_wrong_weight, "Incompatible dimensions for matrix multiplication"),
    ],
)
def test_the_cause_reaches_the_user(
    tmp_path: Path, spoil: Callable[[Any], None], cause: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """It stands in the pod's status: the engine's source lines would leave no room for it."""
    made = onnx_models.linear()
    spoil(made)
    failure = _failure(onnx_models.save(made, tmp_path / "model.onnx"))
    assert failure.reason is Reason.MODEL_LOAD_FAILED
    assert cause in failure.message
    assert "onnxruntime_src" not in failure.message
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("where", "size"),
    [
        ({"offset": "1000"}, 8),
        ({"offset": "1"}, 8),
        ({"offset": str(2**63 - 1)}, 8),
        ({"length": str(2**63 - 1)}, 8),
        ({"length": "4"}, 8),
        ({}, 4),
        ({}, 0),
    ],
)
def test_weights_that_are_not_all_there_are_refused(tmp_path: Path, where: dict[str, str], size: int) -> None:
    """A truncated copy must not become a model with other weights, or a read past the file."""
    (tmp_path / "w.bin").write_bytes(bytes(size))
    made = onnx_models.with_external_weight("w.bin", **where)
    assert _failure(onnx_models.save(made, tmp_path / "model.onnx")).reason is Reason.MODEL_LOAD_FAILED


def test_weights_without_a_place_are_refused(tmp_path: Path) -> None:
    """A tensor that says 'elsewhere' and not where."""
    made = onnx_models.with_external_weight("w.bin")
    del made.graph.initializer[0].external_data[:]
    assert _failure(onnx_models.save(made, tmp_path / "model.onnx")).reason is Reason.MODEL_LOAD_FAILED


def test_an_input_that_no_client_can_send_is_refused_at_once(tmp_path: Path) -> None:
    """Ready with a model that nobody can ask would be a lie."""
    made = onnx_models.model(
        [helper.make_node("SequenceLength", ["x"], ["y"])],
        [helper.make_tensor_sequence_value_info("x", TensorProto.FLOAT, None)],
        [onnx_models.value("y", "INT64", ())],
    )
    failure = _failure(onnx_models.save(made, tmp_path / "model.onnx"))
    assert failure.reason is Reason.UNSUPPORTED_FORMAT
    assert "input 'x' of model.onnx is a" in failure.message


def test_a_model_without_a_tensor_to_answer_is_refused(tmp_path: Path) -> None:
    """scikit-learn's converter makes maps by default: the remedy is named."""
    made = onnx_models.model(
        [helper.make_node("SequenceConstruct", ["x"], ["list"])],
        [onnx_models.value("x")],
        [helper.make_tensor_sequence_value_info("list", TensorProto.FLOAT, None)],
    )
    failure = _failure(onnx_models.save(made, tmp_path / "model.onnx"))
    assert failure.reason is Reason.UNSUPPORTED_FORMAT
    assert "zipmap option off" in failure.message


@settings(max_examples=60)
@given(place=st.floats(0, 0.999), byte=st.integers(0, 255))
def test_one_wrong_byte_is_another_model_or_a_typed_failure(
    tmp_path_factory: pytest.TempPathFactory, place: float, byte: int
) -> None:
    """A flipped bit must not end the process that other models live in."""
    content = bytearray(onnx_models.linear().SerializeToString())
    content[int(place * len(content))] = byte
    path = tmp_path_factory.getbasetemp() / "flipped.onnx"
    path.write_bytes(content)
    try:
        engine = OnnxEngine(path)
    except LoadFailure:
        return
    assert engine.signature.outputs


def test_an_error_does_not_show_the_folder_it_was_in(tmp_path: Path) -> None:
    """Where the pod keeps its model is nobody's business, and takes the cause's room."""
    made = onnx_models.linear()
    _newer_format(made)
    assert str(tmp_path) not in _failure(onnx_models.save(made, tmp_path / "model.onnx")).message


def test_nan_weights_load(tmp_path: Path) -> None:
    """A model that diverged is a model: what it answers is NaN, not an error of ours."""
    made = onnx_models.linear()
    made.graph.initializer[0].raw_data = np.array([np.nan, 1], np.float32).tobytes()
    engine = OnnxEngine(onnx_models.save(made, tmp_path / "model.onnx"))
    assert np.isnan(engine.run({"x": np.ones((1, 2), np.float32)}, ["y"])[0]).all()
