"""A model whose runs take as long as a test wants: the input says how many turns of a loop to make.

The cost hides in the value, so neither the shape nor the warm-up (which sends 0) gives it away. One turn
takes about a millisecond, of real work on one core.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import helper, numpy_helper

from onnx_models import Model, model, save, value

WIDTH = 65_536


def slow(base: int = 2) -> Model:
    """y[1] FP32 after n[1] INT64 + `base` turns. With a base of 0 it looks like a small model."""
    turn = helper.make_graph(
        [helper.make_node("Identity", ["going"], ["still"]), helper.make_node("Sin", ["state"], ["next"])],
        "turn",
        [value("turn", "INT64", ()), value("going", "BOOL", ()), value("state", "FP32", (WIDTH,))],
        [value("still", "BOOL", ()), value("next", "FP32", (WIDTH,))],
    )
    return model(
        [
            helper.make_node("Add", ["n", "base"], ["sum"]),
            helper.make_node("Squeeze", ["sum"], ["turns"]),
            helper.make_node("Loop", ["turns", "", "seed"], ["last"], body=turn),
            helper.make_node("ReduceMax", ["last"], ["y"], keepdims=1),
        ],
        [value("n", "INT64", (1,))],
        [value("y", "FP32", (1,))],
        initializers=[
            numpy_helper.from_array(np.linspace(0, 1, WIDTH, dtype=np.float32), "seed"),
            numpy_helper.from_array(np.array([base], dtype=np.int64), "base"),
        ],
    )


def save_slow(folder: Path, base: int = 2) -> Path:
    """Write it into a folder as model.onnx; returns the folder."""
    save(slow(base), folder / "model.onnx")
    return folder


def turns(count: int) -> dict[str, object]:
    """A request that takes about so many milliseconds."""
    return {"inputs": [{"name": "n", "shape": [1], "datatype": "INT64", "data": [count]}]}
