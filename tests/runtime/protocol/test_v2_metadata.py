"""What the server says about itself and its model: checked against models, so that it cannot drift."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import onnx_models
from slipway_runtime.engines.onnx import OnnxEngine
from slipway_runtime.protocol.signature import Signature
from slipway_runtime.protocol.v2_metadata import EXTENSIONS, model_metadata, server_metadata


def test_the_server_names_itself_and_only_what_it_can_do() -> None:
    """Clients switch features on by this list: one too many breaks them."""
    assert server_metadata("1.2.3") == {"name": "slipway", "version": "1.2.3", "extensions": list(EXTENSIONS)}
    assert "shared_memory" not in " ".join(EXTENSIONS)


def test_metadata_is_what_the_model_declares(tmp_path: Path) -> None:
    """Generated clients build their requests from it: names, types and open dimensions have to be true."""
    engine = OnnxEngine(onnx_models.save(onnx_models.two_of_each(), tmp_path / "model.onnx"))
    assert model_metadata("m", ("1",), engine.signature) == {
        "name": "m",
        "versions": ["1"],
        "platform": "onnxruntime_onnx",
        "inputs": [
            {"name": "a", "datatype": "FP32", "shape": [-1, 3]},
            {"name": "n", "datatype": "INT64", "shape": [-1, 3]},
        ],
        "outputs": [
            {"name": "total", "datatype": "FP32", "shape": [-1, 3]},
            {"name": "twice", "datatype": "INT64", "shape": [-1, 3]},
        ],
    }


@pytest.mark.parametrize("datatype", sorted(onnx_models.ELEMENT_TYPES))
def test_every_datatype_is_named_as_the_protocol_names_it(tmp_path: Path, datatype: str) -> None:
    """FP32, not float32 or TYPE_FP32."""
    engine = OnnxEngine(onnx_models.save(onnx_models.identity(datatype, (1, None)), tmp_path / "model.onnx"))
    metadata = model_metadata("m", ("1",), engine.signature)
    assert metadata["inputs"] == [{"name": "x", "datatype": datatype, "shape": [1, -1]}]
    assert metadata["outputs"] == [{"name": "y", "datatype": datatype, "shape": [1, -1]}]


def test_metadata_is_json(tmp_path: Path) -> None:
    """A numpy integer in a shape would end as a 500."""
    engine = OnnxEngine(onnx_models.save(onnx_models.linear(), tmp_path / "model.onnx"))
    assert json.loads(json.dumps(model_metadata("m", ("1",), engine.signature)))["name"] == "m"


def test_what_is_known_about_a_model_besides_its_tensors_is_told() -> None:
    """Which engine serves it, and why, must not need a look into the pod's log."""
    notes = {"engine": "onnxruntime", "converted_from": "scikit-learn"}
    signature = Signature("onnxruntime_onnx", (), (), notes=notes)

    assert model_metadata("m", ("1",), signature)["parameters"] == notes
    assert "parameters" not in model_metadata("m", ("1",), Signature("onnxruntime_onnx", (), ()))
