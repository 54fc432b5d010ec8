"""The ONNX engine: signature, answers, threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

import onnx_models
from slipway_runtime.engines.onnx import PLATFORM, OnnxEngine
from slipway_runtime.errors import EngineFailed, InvalidRequest
from slipway_runtime.protocol.signature import TensorSpec
from slipway_runtime.protocol.tensors import DTYPES, Array, datatype_of


def _engine(tmp_path: Path, made: Any) -> OnnxEngine:
    return OnnxEngine(onnx_models.save(made, tmp_path / "model.onnx"))


def test_the_answer_is_the_models(tmp_path: Path) -> None:
    """Y = 0*1 + 1*2 + 2*3 + 0.5."""
    engine = _engine(tmp_path, onnx_models.linear(3))
    (answer,) = engine.run({"x": np.array([[1, 2, 3]], np.float32)}, ["y"])
    assert answer.tolist() == [[8.5]]


@pytest.mark.parametrize("rows", [0, 1, 7])
def test_an_open_dimension_takes_any_size(tmp_path: Path, rows: int) -> None:
    """A batch of none included."""
    engine = _engine(tmp_path, onnx_models.linear())
    (answer,) = engine.run({"x": np.ones((rows, 2), np.float32)}, ["y"])
    assert answer.shape == (rows, 1)


@pytest.mark.parametrize("wanted", [["total", "twice"], ["twice", "total"], ["twice"]])
def test_outputs_come_as_asked_for(tmp_path: Path, wanted: list[str]) -> None:
    """Order and selection are the client's."""
    engine = _engine(tmp_path, onnx_models.two_of_each())
    inputs: dict[str, Array] = {"a": np.ones((1, 3), np.float32), "n": np.full((1, 3), 4, np.int64)}
    expected = {"total": [[5, 5, 5]], "twice": [[8, 8, 8]]}
    found = [array.tolist() for array in engine.run(inputs, wanted)]
    assert found == [expected[name] for name in wanted]


def test_the_signature_is_read_from_the_model(tmp_path: Path) -> None:
    """Nobody writes it down twice."""
    signature = _engine(tmp_path, onnx_models.two_of_each()).signature
    assert signature.platform == PLATFORM
    assert signature.inputs == (TensorSpec("a", "FP32", (-1, 3)), TensorSpec("n", "INT64", (-1, 3)))
    assert signature.outputs == (TensorSpec("total", "FP32", (-1, 3)), TensorSpec("twice", "INT64", (-1, 3)))


@pytest.mark.parametrize("shape", [(), (1,), (None,), ("batch", 3, "width"), (0, 2)])
def test_fixed_dimensions_keep_their_size_and_open_ones_are_minus_one(
    tmp_path: Path, shape: tuple[int | str | None, ...]
) -> None:
    """Named, unnamed and absent dimensions are all open."""
    signature = _engine(tmp_path, onnx_models.identity(shape=shape)).signature
    assert signature.inputs[0].shape == tuple(size if isinstance(size, int) else -1 for size in shape)


@pytest.mark.parametrize("datatype", sorted(DTYPES))
def test_every_datatype_goes_in_and_comes_out(tmp_path: Path, datatype: str) -> None:
    """The protocol's types are the engine's."""
    engine = _engine(tmp_path, onnx_models.identity(datatype, (None,)))
    values = ["é", "", "\0"] if datatype == "BYTES" else [0, 1, 1]
    array = np.array(values, dtype=DTYPES[datatype])
    (answer,) = engine.run({"x": array}, ["y"])
    assert (datatype_of(answer), answer.tolist()) == (datatype, array.tolist())


def test_names_may_be_any_text(tmp_path: Path) -> None:
    """Converters write slashes, colons and columns' own names."""
    name = "sepal length (cm)/é:0"
    made = onnx_models.model(
        [helper.make_node("Identity", [name], ["out"])], [onnx_models.value(name)], [onnx_models.value("out")]
    )
    engine = _engine(tmp_path, made)
    assert engine.signature.inputs[0].name == name
    assert engine.run({name: np.ones((1, 2), np.float32)}, ["out"])[0].tolist() == [[1, 1]]


def test_weights_in_another_file_are_loaded(tmp_path: Path) -> None:
    """As every large model has them."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "w.bin").write_bytes(b"skip" + np.array([10, 20], np.float32).tobytes())
    made = onnx_models.with_external_weight("parts/w.bin", offset="4", length="8")
    (answer,) = _engine(tmp_path, made).run({"x": np.ones((1, 2), np.float32)}, ["y"])
    assert answer.tolist() == [[30.5]]


def test_an_output_that_nobody_can_send_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Asked for by default it would turn every request into an error; the log says which it was."""
    made = onnx_models.model(
        [
            helper.make_node("Cast", ["x"], ["small"], to=TensorProto.FLOAT8E4M3FN),
            helper.make_node("SequenceConstruct", ["x"], ["list"]),
            helper.make_node("Identity", ["x"], ["y"]),
        ],
        [onnx_models.value("x")],
        [
            helper.make_tensor_value_info("small", TensorProto.FLOAT8E4M3FN, None),
            helper.make_tensor_sequence_value_info("list", TensorProto.FLOAT, None),
            onnx_models.value("y"),
        ],
    )
    engine = _engine(tmp_path, made)
    assert engine.signature.output_names == ("y",)
    assert [record.__dict__["output"] for record in caplog.records] == ["small", "list"]


def test_inputs_that_the_model_cannot_run_on_are_the_clients_fault(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """No signature can say 'a multiple of 16': the node is named, and the engine prints nothing."""
    engine = _engine(tmp_path, onnx_models.reshaped_to_rows_of(16))
    with pytest.raises(InvalidRequest, match="cannot run on these inputs at a Reshape node"):
        engine.run({"x": np.zeros(17, np.float32)}, ["y"])
    assert capfd.readouterr() == ("", "")


def test_text_that_is_no_text_is_not_blamed_on_memory(tmp_path: Path) -> None:
    """What no decoder lets through still ends in a typed error."""
    engine = _engine(tmp_path, onnx_models.identity("BYTES", (None,)))
    with pytest.raises(EngineFailed, match="UnicodeEncodeError"):
        engine.run({"x": np.array(["\ud800"], dtype=object)}, ["y"])


def test_many_threads_may_run_one_engine(tmp_path: Path) -> None:
    """One session serves all of the server's threads: no answer may be another request's."""
    engine = _engine(tmp_path, onnx_models.linear(2))

    def ask(number: int) -> float:
        (answer,) = engine.run({"x": np.array([[0, number]], np.float32)}, ["y"])
        return float(answer[0, 0])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(500))) == [number + 0.5 for number in range(500)]


def test_a_closed_engine_gives_its_session_back(tmp_path: Path) -> None:
    """A model's memory is the largest part of the pod's."""
    engine = _engine(tmp_path, onnx_models.linear())
    engine.close()
    assert not hasattr(engine, "_session")
