"""What a model must show before requests may share its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from engine_doubles import Doubler
from onnx_models import Model, linear, model, save, two_of_each, value
from slipway_runtime.engines.onnx import OnnxEngine
from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.signature import Signature, TensorSpec
from slipway_runtime.protocol.tensors import Array
from slipway_runtime.scheduling.trial import Trial


class Timed(Doubler):
    """A model whose runs take what a test says, on a clock of its own.

    Args:
        fixed: seconds of each run.
        row: seconds for each row besides.
    """

    def __init__(self, fixed: float, row: float) -> None:
        super().__init__()
        self.now, self.fixed, self.row = 0.0, fixed, row

    def run(self, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """Takes time."""
        self.now += self.fixed + self.row * len(inputs["x"])
        return super().run(inputs, outputs)

    def clock(self) -> float:
        """Now."""
        return self.now


@pytest.mark.parametrize(
    ("fixed", "row", "loop_rows", "thread_rows"),
    [
        pytest.param(100e-6, 1e-6, 16, 16, id="mostly fixed cost: everybody gains"),
        pytest.param(5e-6, 1e-6, 0, 16, id="cheaper than waiting: not on the loop"),
        pytest.param(20e-6, 50e-6, 2, 8, id="small requests gain, large ones keep their run"),
        pytest.param(10e-3, 1e-3, 0, 16, id="too long for the loop"),
        pytest.param(0.0, 10e-3, 0, 0, id="each row costs the same: nobody gains"),
    ],
)
def test_only_requests_that_gain_share_runs(
    fixed: float, row: float, loop_rows: int, thread_rows: int
) -> None:
    """Whoever gains nothing from company would only wait for it."""
    engine = Timed(fixed, row)

    found = Trial(engine, 32, engine.clock).batching()

    assert (found.loop_rows, found.thread_rows) == (loop_rows, thread_rows)


def softmax_over_rows() -> Model:
    """Each row's answer depends on the others: an export gone wrong, and a common one."""
    return model(
        [helper.make_node("Softmax", ["x"], ["y"], axis=0)], [value("x")], [value("y", shape=(None, 2))]
    )


def quantized() -> Model:
    """The scale of its integers comes from the largest number in the whole run."""
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "scale", "zero"]),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["y"]),
    ]
    return model(nodes, [value("x")], [value("y", shape=(None, 2))])


def reversed_rows() -> Model:
    """The answers come in another order than the questions."""
    nodes = [
        helper.make_node("Constant", [], ["first"], value_ints=[-1]),
        helper.make_node("Constant", [], ["last"], value_ints=[-(2**31)]),
        helper.make_node("Constant", [], ["axis"], value_ints=[0]),
        helper.make_node("Constant", [], ["step"], value_ints=[-1]),
        helper.make_node("Slice", ["x", "first", "last", "axis", "step"], ["y"]),
    ]
    return model(nodes, [value("x")], [value("y", shape=(None, 2))])


def counted() -> Model:
    """One answer for all rows."""
    return model(
        [helper.make_node("ReduceSum", ["x"], ["y"], keepdims=0)], [value("x")], [value("y", shape=())]
    )


@pytest.mark.parametrize(
    ("made", "note"),
    [
        (softmax_over_rows(), "off: the model mixes the rows"),
        (quantized(), "off: the model mixes the rows"),
        (reversed_rows(), "off: the model mixes the rows"),
        (counted(), "off: the first dimension of output 'y' is not open"),
        (linear(), "up to 32 rows"),
        (two_of_each(), "up to 32 rows"),
    ],
    ids=["softmax", "quantized", "reversed", "counted", "linear", "two inputs"],
)
def test_a_model_that_mixes_rows_is_found_out(tmp_path: Path, made: Model, note: str) -> None:
    """Sharing its runs would give wrong answers in silence, and only under load."""
    engine = OnnxEngine(save(made, tmp_path / "model.onnx"))

    assert Trial(engine, 32).batching().note.startswith(note)


def test_rows_that_differ_in_their_last_digits_only_may_share_a_run(tmp_path: Path) -> None:
    """Kernels for many rows add up in another order; that is no other answer."""
    weights = np.random.default_rng(0).standard_normal((257, 3)).astype(np.float32)
    made = model(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        [value("x", shape=(None, 257))],
        [value("y", shape=(None, 3))],
        initializers=[helper.make_tensor("w", 1, weights.shape, weights.ravel())],
    )

    assert Trial(OnnxEngine(save(made, tmp_path / "model.onnx")), 32).batching().max_rows == 32


class Refusing(Doubler):
    """Takes nothing that is made up."""

    def run(self, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """No."""
        raise InvalidRequest(f"not {len(inputs)} of these for {len(outputs)}")


@pytest.mark.parametrize(
    ("engine", "max_rows", "note"),
    [
        (Doubler(), 1, "off: --max-batch-size is below 2"),
        (Refusing(), 32, "off: no made-up input fits the model"),
        (
            Doubler(Signature("fake", (), (TensorSpec("y", "FP32", (-1,)),))),
            32,
            "off: the model has no inputs",
        ),
        (
            Doubler(Signature("fake", (TensorSpec("x", "FP32", (1, 2)),), ())),
            32,
            "off: the first dimension of input 'x' is not open",
        ),
    ],
    ids=["turned off", "refused", "no inputs", "fixed"],
)
def test_what_cannot_be_shown_is_not_done(engine: Doubler, max_rows: int, note: str) -> None:
    """The metadata says why, for whoever expected it."""
    found = Trial(engine, max_rows).batching()

    assert (found.note, found.loop_rows, found.thread_rows) == (note, 0, 0)
