"""Which file of a folder is the model."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway_runtime.engines.registry import AUTO, find_model
from slipway_runtime.errors import LoadFailure, Reason


def _folder(tmp_path: Path, *names: str) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def _refusal(location: Path, implementation: str = AUTO) -> LoadFailure:
    with pytest.raises(LoadFailure) as caught:
        find_model(location, implementation)
    return caught.value


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["iris.onnx"], "iris.onnx"),
        (["model.onnx"], "model.onnx"),
        (["a.onnx", "model.onnx", "z.onnx"], "model.onnx"),
        (["iris.onnx", "README.md", "weights.bin", "config.json"], "iris.onnx"),
        (["iris.onnx", ".hidden.onnx"], "iris.onnx"),
        (["iris.onnx", ".slipway-artifact.json"], "iris.onnx"),
        (["iris.onnx", "older/model.onnx"], "iris.onnx"),
    ],
)
@pytest.mark.parametrize("implementation", [AUTO, "ONNX_SERVER"])
def test_the_model_of_a_folder_is_found(
    tmp_path: Path, names: list[str], found: str, implementation: str
) -> None:
    """People upload what their training wrote, notes and weights included."""
    model = find_model(_folder(tmp_path, *names), implementation)
    assert (model.path.name, model.path.parent.name, model.implementation) == (found, "model", "ONNX_SERVER")


def test_two_models_are_ambiguous(tmp_path: Path) -> None:
    """Serving either would be a guess, and another one after the next upload."""
    failure = _refusal(_folder(tmp_path, "a.onnx", "b.onnx"))
    assert failure.reason is Reason.UNSUPPORTED_FORMAT
    assert failure.message == "there are 2 models (a.onnx, b.onnx): call the one to serve model.onnx"


@pytest.mark.parametrize(
    ("names", "found"), [([], "no file"), ([".hidden.onnx"], "no file"), (["sub/model.onnx"], "no file")]
)
def test_a_folder_without_files_is_told_so(tmp_path: Path, names: list[str], found: str) -> None:
    """An empty prefix or one level too high: the commonest mistakes with buckets."""
    failure = _refusal(_folder(tmp_path, *names))
    assert failure.reason is Reason.UNSUPPORTED_FORMAT
    assert failure.message.startswith(f"found {found}; served are files ending in .onnx, ")


def test_a_pickle_is_not_picked_unasked_and_the_remedy_is_named(tmp_path: Path) -> None:
    """Loading a pickle runs it: that has to be somebody's wish."""
    failure = _refusal(_folder(tmp_path, "model.pkl", "notes.md"))
    assert failure.reason is Reason.UNSUPPORTED_FORMAT
    assert failure.message.startswith("found model.pkl, which is a pickle")
    assert "SKLEARN_SERVER" in failure.message


@pytest.mark.parametrize(
    ("name", "head", "found"),
    [
        ("model.json", b'{"learner":{"attributes"', "XGBOOST_SERVER"),
        ("model.ubj", b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner{", "XGBOOST_SERVER"),
        ("credit_score.bst", b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner{", "XGBOOST_SERVER"),
        ("credit_score.bst", b"tree\nversion=v4\n", "LIGHTGBM_SERVER"),
        ("model.txt", b"tree\nversion=v4\n", "LIGHTGBM_SERVER"),
        ("model.skops", b"PK", "SKLEARN_SERVER"),
        ("config.json", b'{"a": 1}', ""),
        ("notes.txt", b"trees are nice", ""),
    ],
)
def test_formats_that_are_data_are_told_from_what_is_in_them(
    tmp_path: Path, name: str, head: bytes, found: str
) -> None:
    """Two libraries share .bst, and a folder may hold other JSON and text."""
    folder = _folder(tmp_path, name)
    (folder / name).write_bytes(head)
    if found:
        assert find_model(folder).implementation == found
    else:
        assert _refusal(folder).reason is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize(
    ("implementation", "name"),
    [("SKLEARN_SERVER", "model.joblib"), ("SKLEARN_SERVER", "a.pkl"), ("XGBOOST_SERVER", "whatever")],
)
def test_a_name_takes_what_it_names(tmp_path: Path, implementation: str, name: str) -> None:
    """Who asks for a format by name gets it."""
    found = find_model(_folder(tmp_path, name), implementation)
    assert (found.path.name, found.implementation, found.asked_for) == (name, implementation, True)


def test_a_crowd_of_files_is_not_listed_in_full(tmp_path: Path) -> None:
    """The message has to fit into a status."""
    failure = _refusal(_folder(tmp_path, *(f"{i:03}.bin" for i in range(500))))
    assert len(failure.message) < 300


def test_a_single_file_is_the_model(tmp_path: Path) -> None:
    """`--model-dir` may name the file itself."""
    found = find_model(_folder(tmp_path, "a.onnx", "b.onnx") / "b.onnx")
    assert found.path.name == "b.onnx"


def test_a_format_asked_for_by_name_takes_the_only_file(tmp_path: Path) -> None:
    """A download link often ends in no suffix at all."""
    folder = _folder(tmp_path, "download")
    assert _refusal(folder).reason is Reason.UNSUPPORTED_FORMAT
    assert find_model(folder, "ONNX_SERVER").path.name == "download"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A typo in --model-dir."""
    failure = _refusal(tmp_path / "nowhere")
    assert failure.reason is Reason.NOT_FOUND
    assert str(tmp_path / "nowhere") in failure.message


def test_a_link_to_a_model_file_is_followed(tmp_path: Path) -> None:
    """Volumes made from ConfigMaps hold nothing but links."""
    (tmp_path / "elsewhere.onnx").touch()
    folder = _folder(tmp_path)
    (folder / "model.onnx").symlink_to(tmp_path / "elsewhere.onnx")
    assert find_model(folder).path.name == "model.onnx"
