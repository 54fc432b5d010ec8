"""The first runs: inputs made up from the signature, sizes that grow, time that a test owns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

import onnx_models
from slipway_runtime.engines.onnx import OnnxEngine
from slipway_runtime.engines.warm_up import INLINE_SECONDS, MAX_ELEMENTS, ROUNDS, SIZES, warm_up
from slipway_runtime.errors import EngineFailed, InvalidRequest
from slipway_runtime.protocol.signature import Signature, TensorSpec
from slipway_runtime.protocol.tensors import DTYPES, Array, datatype_of


class MeasuredEngine:
    """Takes as long as a function of its input's elements says, on a clock of its own."""

    def __init__(
        self, *inputs: TensorSpec, seconds: Callable[[int], float] = lambda _: 0.0001, least: int = 0
    ) -> None:
        self.signature = Signature("test", inputs, (TensorSpec("y", "FP32", (-1,)),))
        self.seconds = seconds
        self.least = least
        self.now = 0.0
        self.seen: list[dict[str, Array]] = []

    def run(self, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """Let time pass."""
        assert tuple(outputs) == self.signature.output_names
        self.seen.append(dict(inputs))
        elements = sum(array.size for array in inputs.values())
        if elements < self.least:
            raise InvalidRequest("too small")
        self.now += self.seconds(elements)
        return [np.zeros(1, np.float32)]

    def close(self) -> None:
        """Nothing to give back."""

    def clock(self) -> float:
        """Its own."""
        return self.now


ROW = TensorSpec("x", "FP32", (-1, 4))


def test_a_quick_model_is_run_five_times_and_the_shortest_told() -> None:
    """The first run allocates, others meet a busy machine: neither may send small requests to the threads."""
    times = iter([0.01, 0.0004, 0.0005, 0.0006, 0.0007])
    engine = MeasuredEngine(ROW, seconds=lambda _: next(times))
    found = warm_up(engine, engine.clock)
    assert found.ran
    assert found.seconds == pytest.approx(0.0004)
    assert len(engine.seen) == ROUNDS


def test_a_heavy_model_is_run_once() -> None:
    """A pod of a large language model should not be five times as late."""
    engine = MeasuredEngine(ROW, seconds=lambda _: 2.0)
    assert warm_up(engine, engine.clock) == (True, 2.0, 0)
    assert len(engine.seen) == 1


def test_inline_is_as_much_as_stays_below_the_limit() -> None:
    """Longer runs on the event loop would hold up everybody else."""
    engine = MeasuredEngine(ROW, seconds=lambda elements: elements * 1e-6)
    found = warm_up(engine, engine.clock)
    assert found.inline_elements == 256
    assert 256 * 1e-6 < INLINE_SECONDS < 512 * 1e-6


def test_a_model_that_is_slow_at_once_is_never_run_inline() -> None:
    """Not even for one row."""
    engine = MeasuredEngine(ROW, seconds=lambda _: 1.1 * INLINE_SECONDS)
    assert warm_up(engine, engine.clock).inline_elements == 0


def test_a_model_of_fixed_size_is_measured_once() -> None:
    """Doubling what cannot grow would never end."""
    engine = MeasuredEngine(TensorSpec("x", "FP32", (2, 4)))
    assert warm_up(engine, engine.clock).inline_elements == 8
    assert len(engine.seen) == 2 * ROUNDS


def test_growing_stops_at_the_largest_input() -> None:
    """A model that takes no time at all must not be fed until memory ends."""
    engine = MeasuredEngine(TensorSpec("x", "UINT8", (-1,)), seconds=lambda _: 0.0)
    assert warm_up(engine, engine.clock).inline_elements <= MAX_ELEMENTS
    assert max(array.size for inputs in engine.seen for array in inputs.values()) <= MAX_ELEMENTS


@pytest.mark.parametrize("datatype", sorted(DTYPES))
def test_inputs_are_made_up_for_every_datatype(datatype: str) -> None:
    """A type without a made-up value would end the start of the server."""
    engine = MeasuredEngine(TensorSpec("x", datatype, (-1, 2)), seconds=lambda _: 1.0)
    assert warm_up(engine, engine.clock).ran
    assert {name: (datatype_of(array), array.shape) for name, array in engine.seen[0].items()} == {
        "x": (datatype, (1, 2))
    }


def test_a_model_that_needs_more_rows_is_tried_with_more() -> None:
    """An open dimension may hide a fixed sequence length."""
    engine = MeasuredEngine(ROW, least=60)
    assert warm_up(engine, engine.clock).ran
    assert engine.seen[-1]["x"].size >= 60


def test_a_model_that_takes_no_made_up_input_is_served_cold() -> None:
    """Not every model runs on zeros; that is no reason to refuse it."""
    engine = MeasuredEngine(ROW, least=10**9)
    assert warm_up(engine, engine.clock) == (False, 0.0, 0)
    assert [inputs["x"].shape[0] for inputs in engine.seen] == list(SIZES)


def test_an_engine_that_breaks_on_zeros_is_served_cold() -> None:
    """Its own requests may be fine."""

    def breaks(_: int) -> float:
        raise EngineFailed("the engine failed")

    engine = MeasuredEngine(ROW, seconds=breaks)
    assert not warm_up(engine, engine.clock).ran


def test_a_huge_fixed_input_is_not_made_up() -> None:
    """Its zeros alone would not fit into the pod."""
    engine = MeasuredEngine(TensorSpec("x", "FP32", (2**40, 2**40)))
    assert not warm_up(engine, engine.clock).ran
    assert engine.seen == []


def test_a_model_without_inputs_is_warmed_up_too() -> None:
    """A constant is a model."""
    engine = MeasuredEngine()
    assert warm_up(engine, engine.clock).ran


@pytest.mark.parametrize("datatype", sorted(DTYPES))
def test_a_real_model_of_every_datatype_warms_up(tmp_path: Path, datatype: str) -> None:
    """Not only the fake agrees."""
    path = onnx_models.save(onnx_models.identity(datatype), tmp_path / "model.onnx")
    found = warm_up(OnnxEngine(path))
    assert found.ran
    assert found.seconds > 0


def test_a_real_model_with_a_hidden_length_warms_up_at_that_length(tmp_path: Path) -> None:
    """The reshape inside takes multiples of 16 only."""
    path = onnx_models.save(onnx_models.reshaped_to_rows_of(16), tmp_path / "model.onnx")
    assert warm_up(OnnxEngine(path)).ran
