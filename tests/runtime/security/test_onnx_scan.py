"""ONNX files before the engine sees them: every tensor that points elsewhere is found, wherever it stands."""

from __future__ import annotations

import contextlib
import os
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import SparseTensorProto, TrainingInfoProto, helper, numpy_helper

import onnx_models
from protobuf_bytes import FIXED64, LENGTH_DELIMITED, entry, nested, tag, varint
from slipway_runtime.errors import LoadFailure, Reason
from slipway_runtime.security.onnx_scan import scan

EVIL = "../../etc/passwd"


def _refusal(path: Path) -> str:
    with pytest.raises(LoadFailure) as caught:
        scan(path)
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT
    return caught.value.message


def _evil_tensor(name: str = "t") -> Any:
    return onnx_models.external_tensor(name, (2,), EVIL)


def _evil_sparse() -> Any:
    indices = numpy_helper.from_array(np.array([0], dtype=np.int64), "i")
    return SparseTensorProto(values=_evil_tensor("v"), indices=indices, dims=[2])


def _graph_with(tensor: Any) -> Any:
    return helper.make_graph([], "inner", [], [], initializer=[tensor])


def _node(**attributes: Any) -> Any:
    return helper.make_node("Custom", [], ["y"], domain="d", **attributes)


def _model_with_node(node: Any) -> Any:
    made = onnx_models.identity()
    made.graph.node.append(node)
    return made


def _in_training_info(part: str) -> Any:
    made = onnx_models.identity()
    made.training_info.append(TrainingInfoProto(**{part: _graph_with(_evil_tensor())}))
    return made


def _in_function(*, default: bool) -> Any:
    node = helper.make_node("Constant", [], ["y"], value=_evil_tensor())
    attribute = helper.make_attribute("a", _evil_tensor())
    function = helper.make_function(
        "d", "F", [], ["y"], [] if default else [node], [helper.make_opsetid("", onnx_models.OPSET)]
    )
    if default:
        function.attribute_proto.append(attribute)
    made = onnx_models.identity()
    made.functions.append(function)
    return made


def _in_a_subgraph_of_a_subgraph() -> Any:
    inner = helper.make_graph([_node(body=_graph_with(_evil_tensor()))], "middle", [], [])
    return _model_with_node(_node(body=inner))


def _in_sparse_indices() -> Any:
    made = onnx_models.identity()
    values = numpy_helper.from_array(np.array([1.0], dtype=np.float32), "v")
    made.graph.sparse_initializer.append(
        SparseTensorProto(values=values, indices=_evil_tensor("i"), dims=[2])
    )
    return made


def _with_sparse_initializer() -> Any:
    made = onnx_models.identity()
    made.graph.sparse_initializer.append(_evil_sparse())
    return made


PLACES: dict[str, Callable[[], Any]] = {
    "initializer": lambda: onnx_models.with_external_weight(EVIL),
    "sparse initializer": _with_sparse_initializer,
    "indices of a sparse initializer": _in_sparse_indices,
    "attribute": lambda: _model_with_node(_node(value=_evil_tensor())),
    "list in an attribute": lambda: _model_with_node(_node(values=[_evil_tensor("a"), _evil_tensor("b")])),
    "sparse attribute": lambda: _model_with_node(_node(value=_evil_sparse())),
    "list of sparse in an attribute": lambda: _model_with_node(_node(values=[_evil_sparse()])),
    "subgraph": lambda: _model_with_node(_node(body=_graph_with(_evil_tensor()))),
    "list of subgraphs": lambda: _model_with_node(_node(bodies=[_graph_with(_evil_tensor())])),
    "subgraph of a subgraph": _in_a_subgraph_of_a_subgraph,
    "function": lambda: _in_function(default=False),
    "default of a function's attribute": lambda: _in_function(default=True),
    "training info, initialization": lambda: _in_training_info("initialization"),
    "training info, algorithm": lambda: _in_training_info("algorithm"),
}


@pytest.mark.parametrize("place", sorted(PLACES))
def test_a_tensor_that_points_outside_is_found_wherever_it_stands(tmp_path: Path, place: str) -> None:
    """Engines check ordinary initializers only; everywhere else the file would simply be read."""
    path = onnx_models.save(PLACES[place](), tmp_path / "model.onnx")
    assert "must be a relative path inside the model's folder" in _refusal(path)


@pytest.mark.parametrize(
    "made", [onnx_models.linear(), onnx_models.two_of_each(), onnx_models.reshaped_to_rows_of(3)]
)
def test_an_ordinary_model_passes(tmp_path: Path, made: Any) -> None:
    """The scan is in the way of every model that is served."""
    scan(onnx_models.save(onnx_models.check(made), tmp_path / "model.onnx"))


def test_a_model_with_its_weights_beside_it_passes(tmp_path: Path) -> None:
    """Everything above 2 GB is stored like this."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "w.bin").write_bytes(bytes(16))
    made = onnx_models.with_external_weight("parts/w.bin", offset="8")
    scan(onnx_models.save(made, tmp_path / "model.onnx"))


@pytest.mark.parametrize("key", ["__class__", "file", "Location", "basepath", ""])
def test_an_unknown_key_of_external_data_is_refused(tmp_path: Path, key: str) -> None:
    """Loaders have set attributes of these names on their own objects."""
    made = onnx_models.with_external_weight("w.bin")
    (tmp_path / "w.bin").write_bytes(bytes(8))
    onnx_models.add_external_entry(made.graph.initializer[0], key, "1")
    assert "unknown key" in _refusal(onnx_models.save(made, tmp_path / "model.onnx"))


@pytest.mark.parametrize("key", ["offset", "length"])
@pytest.mark.parametrize("text", ["-1", "", "1.5", "0x10", " 1", "1e3", "٣", "9" * 20, "1" * 5000, "NaN"])
def test_an_offset_that_is_no_plain_number_is_refused(tmp_path: Path, key: str, text: str) -> None:
    """Negative and overflowing offsets read other memory in native loaders."""
    (tmp_path / "w.bin").write_bytes(bytes(8))
    made = onnx_models.with_external_weight("w.bin", **{key: text})
    assert f"impossible {key}" in _refusal(onnx_models.save(made, tmp_path / "model.onnx"))


def test_a_location_in_a_field_of_another_wire_type_cannot_hide_the_real_one(tmp_path: Path) -> None:
    """Protobuf readers skip a known field of the wrong type, so they would still see the first value."""
    (tmp_path / "data.bin").write_bytes(bytes(8))
    disguised = entry(b"location", EVIL.encode()) + tag(2, FIXED64) + b"data.bin"
    (tmp_path / "model.onnx").write_bytes(nested([7, 5, 13], disguised))
    assert "StringStringEntryProto" in _refusal(tmp_path / "model.onnx")


def test_of_several_locations_each_is_checked(tmp_path: Path) -> None:
    """Readers differ in which one counts."""
    (tmp_path / "w.bin").write_bytes(bytes(8))
    for first, second in ((EVIL, "w.bin"), ("w.bin", EVIL)):
        made = onnx_models.with_external_weight(first)
        onnx_models.add_external_entry(made.graph.initializer[0], "location", second)
        assert "relative path" in _refusal(onnx_models.save(made, tmp_path / "model.onnx"))


@pytest.mark.parametrize("path", [[7, 5], [7, 1, 5, 5], [25, 7, 5, 22, 1], [20, 1, 15, 2]])
def test_a_hand_made_message_is_walked_as_well(tmp_path: Path, path: list[int]) -> None:
    """An attacker does not use the onnx package."""
    (tmp_path / "model.onnx").write_bytes(nested([*path, 13], entry(b"location", EVIL.encode())))
    assert "relative path" in _refusal(tmp_path / "model.onnx")


def test_subgraphs_may_be_nested_but_not_for_ever(tmp_path: Path) -> None:
    """Native loaders recurse: a thousand levels end the process."""
    subgraph = [1, 5, 6]
    fine, deep = tmp_path / "fine.onnx", tmp_path / "deep.onnx"
    fine.write_bytes(nested([7, *subgraph * 20], b""))
    deep.write_bytes(nested([7, *subgraph * 100], b""))
    scan(fine)
    assert "nested deeper than 64 graphs" in _refusal(deep)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "'model.onnx' is empty"),
        (b"<html><body>404 Not Found</body></html>", "'model.onnx' is not an ONNX model"),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "'model.onnx' is not an ONNX model"),
        (nested([7, 5, 13], b"\xff\xff"), "'model.onnx' is not an ONNX model"),
    ],
    ids=["empty", "html", "gzip", "broken entry"],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    """What people serve by mistake."""
    (tmp_path / "model.onnx").write_bytes(content)
    assert expected in _refusal(tmp_path / "model.onnx")


def test_an_archive_is_refused(tmp_path: Path) -> None:
    """A zip of a model is no model, and is never unpacked."""
    with zipfile.ZipFile(tmp_path / "model.onnx", "w") as archive:
        archive.writestr("model.onnx", onnx_models.linear().SerializeToString())
    assert "is not an ONNX model" in _refusal(tmp_path / "model.onnx")


@given(place=st.floats(0, 0.999), byte=st.integers(0, 255))
def test_one_wrong_byte_never_breaks_the_scan(
    tmp_path_factory: pytest.TempPathFactory, place: float, byte: int
) -> None:
    """A disk or a network flips it."""
    content = bytearray(onnx_models.two_of_each().SerializeToString())
    content[int(place * len(content))] = byte
    path = tmp_path_factory.getbasetemp() / "flipped.onnx"
    path.write_bytes(content)
    with contextlib.suppress(LoadFailure):
        scan(path)


@pytest.mark.parametrize("kept", [1, 10, 50, 90, 99])
def test_a_truncated_file_is_refused(tmp_path: Path, kept: int) -> None:
    """A copy that was cut off has a valid beginning."""
    made = onnx_models.linear(1000).SerializeToString()
    (tmp_path / "model.onnx").write_bytes(made[: len(made) * kept // 100])
    assert "is not an ONNX model" in _refusal(tmp_path / "model.onnx")


def test_weights_cost_the_scan_nothing(tmp_path: Path) -> None:
    """A gigabyte of weights must not delay the start: the scan steps over them."""
    weights = 2**30
    raw = tag(9, LENGTH_DELIMITED) + varint(weights)
    initializer = tag(5, LENGTH_DELIMITED) + varint(len(raw) + weights) + raw
    graph = tag(7, LENGTH_DELIMITED) + varint(len(initializer) + weights) + initializer
    path = tmp_path / "model.onnx"
    path.write_bytes(graph)
    os.truncate(path, len(graph) + weights)
    started = time.process_time()
    scan(path)
    assert time.process_time() - started < 0.5
