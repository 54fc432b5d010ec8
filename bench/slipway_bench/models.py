"""The models: made on the spot, the same file for every server."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression


@dataclass(frozen=True)
class Case:
    """A model and one request for it.

    Attributes:
        path: the ONNX file, alone in its folder.
        body: a request in the Open Inference Protocol's JSON.
        expected: outputs by name, as ONNX Runtime itself gives them.
    """

    path: Path
    body: bytes
    expected: dict[str, Any]

    def check(self, answer: bytes) -> None:
        """Fail unless an answer has the expected outputs."""
        outputs = {output["name"]: output["data"] for output in json.loads(answer)["outputs"]}
        assert set(outputs) == set(self.expected), f"outputs {sorted(outputs)}"
        for name, value in self.expected.items():
            found = np.ravel(np.array(outputs[name]))
            assert np.allclose(found, np.ravel(value), rtol=1e-6), f"{name}: {found} is not {value}"


def iris(folder: Path) -> Case:
    """A logistic regression on the iris flowers, as scikit-learn trains it: 1 x 4 in."""
    flowers, kinds = load_iris(return_X_y=True)
    flowers = flowers.astype(np.float32)
    estimator = LogisticRegression(max_iter=1000).fit(flowers, kinds)
    made = to_onnx(estimator, flowers[:1], options={"zipmap": False})
    path = folder / "iris" / "model.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made.SerializeToString())
    return _case(path, flowers[:1])


def megabytes(folder: Path, size: int = 100) -> Case:
    """A layer with so many megabytes of weights: what loading costs beyond starting."""
    columns = size * 1024 * 1024 // 4 // 1024
    weights = np.full((1024, columns), 0.001, dtype=np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "layer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 1024])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", columns])],
        [numpy_helper.from_array(weights, "w")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = folder / f"{size}-megabytes" / "model.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made.SerializeToString())
    return _case(path, np.ones((1, 1024), dtype=np.float32))


def _case(path: Path, x: np.ndarray[Any, np.dtype[Any]]) -> Case:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    outputs = [output.name for output in session.get_outputs()]
    tensor = {"name": name, "shape": list(x.shape), "datatype": "FP32", "data": x.ravel().tolist()}
    expected = dict(zip(outputs, session.run(outputs, {name: x}), strict=True))
    return Case(path, json.dumps({"inputs": [tensor]}).encode(), expected)
