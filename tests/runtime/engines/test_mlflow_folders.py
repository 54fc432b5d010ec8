"""MLflow folders: the flavour that is served, the columns' names, and pickles by name only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import xgboost
import yaml

from onnx_models import linear, save
from slipway_runtime.engines.registry import find_model
from slipway_runtime.errors import LoadFailure, Reason
from trained_models import IRIS, engine_of, fitted, inputs_of, saved

COLUMNS = ("sepal length", "sepal width", "petal length", "petal width")


def mlmodel(folder: Path, flavours: dict[str, Any], columns: tuple[str, ...] = COLUMNS) -> Path:
    """A folder with an MLmodel file."""
    folder.mkdir(parents=True, exist_ok=True)
    inputs = json.dumps([{"name": name, "type": "double", "required": True} for name in columns])
    generic = {"python_function": {"loader_module": "mlflow.sklearn"}}
    text = yaml.safe_dump({"flavors": {**generic, **flavours}, "signature": {"inputs": inputs}})
    (folder / "MLmodel").write_text(text)
    return folder


def test_a_sklearn_flavour_is_served_with_its_columns_names(tmp_path: Path) -> None:
    """A client of MLflow's server sends columns by name."""
    folder = mlmodel(tmp_path / "m", {"sklearn": {"pickled_model": "model.pkl"}})
    saved(fitted("forest"), folder)

    engine = engine_of(folder, "MLFLOW_SERVER")

    (labels,) = engine.run(inputs_of(engine, IRIS[0]), ["label"])
    assert engine.signature.features == COLUMNS
    assert engine.signature.notes["converted_from"] == "scikit-learn"
    assert labels.tolist() == fitted("forest").predict(IRIS[0]).tolist()


def test_its_pickle_is_not_taken_unasked(tmp_path: Path) -> None:
    """A folder is as easily swapped as a file."""
    folder = saved(fitted("forest"), mlmodel(tmp_path / "m", {"sklearn": {"pickled_model": "model.pkl"}}))

    with pytest.raises(LoadFailure) as caught:
        find_model(folder)

    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT
    assert "MLFLOW_SERVER" in caught.value.message


def test_an_xgboost_flavour_is_data(tmp_path: Path) -> None:
    """It needs no name."""
    folder = mlmodel(tmp_path / "m", {"xgboost": {"data": "model.ubj"}})
    estimator = xgboost.XGBClassifier(n_estimators=5).fit(*IRIS)
    (folder / "model.ubj").write_bytes(estimator.get_booster().save_raw("ubj"))

    engine = engine_of(folder)

    (labels,) = engine.run(inputs_of(engine, IRIS[0]), ["label"])
    assert engine.signature.features == COLUMNS
    assert labels.tolist() == estimator.predict(IRIS[0]).tolist()


def test_an_onnx_flavour_is_served_as_it_is(tmp_path: Path) -> None:
    """Also where several flavours are there: nothing needs to be converted."""
    folder = mlmodel(
        tmp_path / "m", {"sklearn": {"pickled_model": "model.pkl"}, "onnx": {"data": "model.onnx"}}
    )
    save(linear(), folder / "model.onnx")

    assert find_model(folder).path == folder / "model.onnx"
    assert engine_of(folder).signature.platform == "onnxruntime_onnx"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "flavors: 5",
        "flavors: {spark: {}}",
        "flavors: {python_function: {}}",
        "flavors: {xgboost: {data: ../../secret.ubj}}",
        "flavors: {xgboost: {data: /etc/passwd}}",
        "flavors: {xgboost: {data: missing.ubj}}",
        "a: &a [*a]",
        "!!python/object/apply:os.system [id]",
        "\x00",
    ],
)
def test_what_is_not_such_a_folder_is_refused(text: str, tmp_path: Path) -> None:
    """A flavour that is code, a path that leads outside, YAML that would run something."""
    (tmp_path / "secret.ubj").touch()
    folder = tmp_path / "a" / "m"
    folder.mkdir(parents=True)
    (folder / "MLmodel").write_text(text)

    with pytest.raises(LoadFailure) as caught:
        find_model(folder, "MLFLOW_SERVER")

    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT
