"""The models: made on the spot, the same file for every server, and one request for each.

Small and tabular (logistic regression), small and dense (three layers on 784 pixels), a real architecture
(ResNet-50, as the onnx package ships it: its weights are constants, its work is real), and a large file.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from slipway_bench.sample import Array, Sample

LAYERS = (784, 512, 512, 10)


def iris(folder: Path) -> Sample:
    """A logistic regression on the iris flowers, as scikit-learn trains it: 1 x 4 in, two out."""
    flowers, kinds = _flowers()
    estimator = LogisticRegression(max_iter=1000).fit(flowers, kinds)
    made = to_onnx(estimator, flowers[:1], options={"zipmap": False})
    return _sample("iris", _write(folder, "iris", made.SerializeToString()), flowers[:1])


def mlp(folder: Path, rows: int) -> Sample:
    """Two hidden layers on 784 pixels, as in PyTorch's quickstart: 43 MFLOP for 32 rows."""
    random = np.random.default_rng(0)
    nodes, weights, before = [], [], "x"
    for number, (columns, units) in enumerate(pairwise(LAYERS)):
        last = units == LAYERS[-1]
        for name, shape in ((f"w{number}", (columns, units)), (f"b{number}", (units,))):
            weights.append(numpy_helper.from_array(random.normal(0, 0.05, shape).astype(np.float32), name))
        nodes.append(helper.make_node("Gemm", [before, f"w{number}", f"b{number}"], [f"s{number}"]))
        before = "y" if last else f"h{number}"
        nodes.append(helper.make_node("Softmax" if last else "Relu", [f"s{number}"], [before]))
    graph = helper.make_graph(
        nodes,
        "mlp",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", LAYERS[0]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", LAYERS[-1]])],
        weights,
    )
    pixels = random.integers(0, 256, (rows, LAYERS[0])).astype(np.float32) / np.float32(255)
    return _sample("mlp", _write(folder, "mlp", _onnx(graph)), pixels)


def resnet(folder: Path) -> Sample:
    """ResNet-50 on one picture of 224 x 224."""
    shipped = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light" / "light_resnet50.onnx"
    picture = np.random.default_rng(0).random((1, 3, 224, 224)).astype(np.float32)
    return _sample("resnet", _write(folder, "resnet", shipped.read_bytes()), picture)


def megabytes(folder: Path, size: int = 100) -> Sample:
    """A layer with so many megabytes of weights: what loading costs beyond starting."""
    columns = size * 1024 * 1024 // 4 // 1024
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "layer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 1024])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", columns])],
        [numpy_helper.from_array(np.full((1024, columns), 0.001, dtype=np.float32), "w")],
    )
    return _sample("layer", _write(folder, "layer", _onnx(graph)), np.ones((1, 1024), dtype=np.float32))


def forest(folder: Path) -> Sample:
    """A random forest on the iris flowers, as a pickle: converted to ONNX when it is loaded."""
    flowers, kinds = _flowers()
    estimator = RandomForestClassifier(random_state=0).fit(flowers, kinds)
    path = _write(folder, "forest", pickle.dumps(estimator), "model.pkl")
    expected = {
        "label": estimator.predict(flowers[:1]),
        "probabilities": estimator.predict_proba(flowers[:1]).astype(np.float32),
    }
    return Sample("forest", path, {"input-0": flowers[:1]}, expected)


def turns(folder: Path) -> Sample:
    """A loop that takes about a millisecond a turn: the input says how many, and no shape gives it away."""
    width = 65_536
    make = helper.make_tensor_value_info
    turn = helper.make_graph(
        [helper.make_node("Identity", ["going"], ["still"]), helper.make_node("Sin", ["state"], ["next"])],
        "turn",
        [
            make("turn", TensorProto.INT64, []),
            make("going", TensorProto.BOOL, []),
            make("state", TensorProto.FLOAT, [width]),
        ],
        [
            make("still", TensorProto.BOOL, []),
            make("next", TensorProto.FLOAT, [width]),
        ],
    )
    nodes = [
        helper.make_node("Add", ["n", "least"], ["sum"]),
        helper.make_node("Squeeze", ["sum"], ["turns"]),
        helper.make_node("Loop", ["turns", "", "seed"], ["last"], body=turn),
        helper.make_node("ReduceMax", ["last"], ["y"], keepdims=1),
    ]
    graph = helper.make_graph(
        nodes,
        "turns",
        [make("n", TensorProto.INT64, [1])],
        [make("y", TensorProto.FLOAT, [1])],
        [
            numpy_helper.from_array(np.linspace(0, 1, width, dtype=np.float32), "seed"),
            numpy_helper.from_array(np.array([20]), "least"),  # else it might pass for small at warm-up
        ],
    )
    return _sample("turns", _write(folder, "turns", _onnx(graph)), np.zeros(1, np.int64))


SAMPLES: dict[str, Callable[[Path], Sample]] = {
    "iris": iris,
    "mlp-32": lambda folder: mlp(folder, 32),
    "mlp-1": lambda folder: mlp(folder, 1),
    "resnet": resnet,
    "layer": megabytes,
    "forest": forest,
    "turns": turns,
}


def _flowers() -> tuple[Array, Array]:
    flowers, kinds = load_iris(return_X_y=True)
    return flowers.astype(np.float32), kinds


def _onnx(graph: onnx.GraphProto) -> bytes:
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    serialized: bytes = made.SerializeToString()
    return serialized


def _write(folder: Path, name: str, content: bytes, file: str = "model.onnx") -> Path:
    path = folder / name / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _sample(name: str, path: Path, x: Array) -> Sample:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    inputs = {session.get_inputs()[0].name: x}
    outputs = [output.name for output in session.get_outputs()]
    return Sample(name, path, inputs, dict(zip(outputs, session.run(outputs, inputs), strict=True)))
