"""XGBoost and LightGBM models answer through the server as they answer by themselves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost

from slipway_runtime.errors import LoadFailure, Reason
from slipway_runtime.protocol.class_labels import labels_of
from trained_models import BINARY, DIABETES, IRIS, engine_of, inputs_of, noisy, sklearn_engine

CLASSIFIERS = {"binary": BINARY, "noisy": noisy(), "three classes": IRIS}


@cache
def xgb(name: str) -> Any:
    """A fitted XGBoost classifier."""
    return xgboost.XGBClassifier(n_estimators=15, max_depth=4, n_jobs=1).fit(*CLASSIFIERS[name])


@cache
def lgb(name: str) -> Any:
    """A fitted LightGBM classifier."""
    return lightgbm.LGBMClassifier(n_estimators=15, n_jobs=1, verbose=-1).fit(*CLASSIFIERS[name])


def saved_booster(booster: Any, folder: Path, name: str) -> Path:
    """A folder with a model file."""
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(booster, xgboost.Booster):
        (folder / name).write_bytes(booster.save_raw("json" if name.endswith(".json") else "ubj"))
    else:
        booster.save_model(folder / name)
    return folder


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("file", ["model.json", "model.ubj", "credit_score.bst"])
def test_xgboost_gives_the_labels_of_its_estimator(name: str, file: str, tmp_path: Path) -> None:
    """What a hand-written service answers, whichever of its three endings the file has."""
    rows = CLASSIFIERS[name][0]
    engine = engine_of(saved_booster(xgb(name).get_booster(), tmp_path / "m", file))

    label, probabilities = engine.run(inputs_of(engine, rows), ["label", "probabilities"])

    assert engine.signature.notes["engine"] == "onnxruntime"
    assert engine.signature.primary == "label"
    assert label.tolist() == xgb(name).predict(rows).tolist()
    np.testing.assert_allclose(probabilities, xgb(name).predict_proba(rows), rtol=0, atol=1e-5)
    assert labels_of(engine.signature, probabilities.shape[1]) == [str(each) for each in xgb(name).classes_]


@pytest.mark.parametrize("objective", ["reg:squarederror", "reg:absoluteerror", "count:poisson"])
def test_an_xgboost_regressor_gives_its_prediction(objective: str, tmp_path: Path) -> None:
    """A base score that a converter forgets shifts every answer."""
    estimator = xgboost.XGBRegressor(n_estimators=15, objective=objective).fit(*DIABETES)
    engine = engine_of(saved_booster(estimator.get_booster(), tmp_path / "m", "model.json"))

    (prediction,) = engine.run(inputs_of(engine, DIABETES[0]), ["prediction"])

    expected = estimator.predict(DIABETES[0])
    np.testing.assert_allclose(prediction, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_xgboost_stops_where_early_stopping_found_its_best(tmp_path: Path) -> None:
    """The file holds the later trees, too; the estimator does not use them."""
    x, y = noisy()
    estimator = xgboost.XGBClassifier(n_estimators=60, early_stopping_rounds=2, learning_rate=1.0)
    estimator.fit(x[:200], y[:200], eval_set=[(x[200:], y[200:])], verbose=False)
    engine = engine_of(saved_booster(estimator.get_booster(), tmp_path / "m", "model.ubj"))

    (label,) = engine.run(inputs_of(engine, x), ["label"])

    assert estimator.best_iteration < estimator.get_booster().num_boosted_rounds() - 1
    assert label.tolist() == estimator.predict(x).tolist()


def test_xgboost_takes_missing_values(tmp_path: Path) -> None:
    """Its trees learn where a missing value goes."""
    x, y = noisy()
    x[::4, 0] = np.nan
    estimator = xgboost.XGBClassifier(n_estimators=10).fit(x, y)
    engine = engine_of(saved_booster(estimator.get_booster(), tmp_path / "m", "model.ubj"))

    (label,) = engine.run(inputs_of(engine, x), ["label"])

    assert label.tolist() == estimator.predict(x).tolist()


@pytest.mark.parametrize("booster", ["gblinear", "dart", "multi:softmax"])
def test_odd_xgboost_models_are_right_whoever_serves_them(booster: str, tmp_path: Path) -> None:
    """The gate decides which engine; the answers are the same."""
    x, y = IRIS
    given: dict[str, Any] = {"num_class": 3, "nthread": 1, "verbosity": 0}
    given |= {"objective": booster} if ":" in booster else {"objective": "multi:softprob", "booster": booster}
    model = xgboost.train(given, xgboost.DMatrix(x, y), num_boost_round=8)
    raw = model.predict(xgboost.DMatrix(x))
    expected = raw if raw.ndim == 1 else raw.argmax(axis=1)
    engine = engine_of(saved_booster(model, tmp_path / "m", "model.json"))

    (label,) = engine.run(inputs_of(engine, x), ["label"])

    assert label.tolist() == expected.astype(int).tolist()


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("file", ["model.txt", "model.bst"])
def test_lightgbm_gives_the_labels_of_its_estimator(name: str, file: str, tmp_path: Path) -> None:
    """Both endings that people use, and the library itself behind them."""
    rows = CLASSIFIERS[name][0]
    engine = engine_of(saved_booster(lgb(name).booster_, tmp_path / "m", file))

    label, probabilities = engine.run(inputs_of(engine, rows), ["label", "probabilities"])

    assert label.tolist() == lgb(name).predict(rows).tolist()
    np.testing.assert_allclose(probabilities, lgb(name).predict_proba(rows), rtol=0, atol=1e-15)


def test_lightgbm_is_exact_at_its_thresholds(tmp_path: Path) -> None:
    """Where a conversion to float32 goes wrong: one step to either side of each threshold."""
    estimator: Any = lgb("noisy")
    engine = engine_of(saved_booster(estimator.booster_, tmp_path / "m", "model.txt"))
    thresholds = estimator.booster_.trees_to_dataframe()["threshold"].dropna().to_numpy(float)
    steps = np.concatenate([thresholds, np.nextafter(thresholds, -9), np.nextafter(thresholds, 9)])
    rows = np.repeat(steps[:, None], 4, axis=1)

    label, probabilities = engine.run({"input-0": rows}, ["label", "probabilities"])

    assert engine.signature.platform == "lightgbm"
    assert "rounded to float32" in engine.signature.notes["not_converted"]
    assert label.tolist() == estimator.predict(rows).tolist()
    assert probabilities.tolist() == estimator.predict_proba(rows).tolist()


def test_lightgbm_takes_categories_and_missing_values(tmp_path: Path) -> None:
    """Columns of codes, some unknown, some missing."""
    random = np.random.default_rng(0)
    x = np.stack([random.integers(0, 6, 400), random.normal(size=400)], axis=1).astype(float)
    y = (np.isin(x[:, 0], [1, 4]) ^ (x[:, 1] > 0)).astype(int)
    estimator: Any = lightgbm.LGBMClassifier(n_estimators=10, verbose=-1, min_data_per_group=5, cat_smooth=1)
    estimator.fit(x, y, categorical_feature=[0])
    engine = engine_of(saved_booster(estimator.booster_, tmp_path / "m", "model.txt"))
    rows = x.copy()
    rows[::5, 0], rows[::7, 1], rows[::11, 0] = np.nan, np.nan, 77

    (probabilities,) = engine.run({"input-0": rows}, ["probabilities"])

    assert engine.signature.notes["not_converted"] == "it splits on categories"
    assert probabilities.tolist() == estimator.predict_proba(rows).tolist()


@pytest.mark.parametrize("columns", [1, 3])
def test_a_lightgbm_regressor_gives_its_prediction(columns: int, tmp_path: Path) -> None:
    """One column, and more than one."""
    rows = DIABETES[0][:, :columns]
    estimator: Any = lightgbm.LGBMRegressor(n_estimators=10, verbose=-1).fit(rows, DIABETES[1])
    engine = engine_of(saved_booster(estimator.booster_, tmp_path / "m", "model.txt"))

    (prediction,) = engine.run(inputs_of(engine, rows), ["prediction"])

    assert prediction.tolist() == estimator.predict(rows).tolist()


@pytest.mark.parametrize("engine_name", ["xgboost", "lightgbm", "scikit-learn"])
def test_native_engines_answer_from_many_threads_at_once(engine_name: str, tmp_path: Path) -> None:
    """The server runs them side by side; a shared buffer would mix answers up."""
    if engine_name == "xgboost":
        model = xgboost.train({"booster": "gblinear", "nthread": 1}, xgboost.DMatrix(*DIABETES), 5)
        engine, rows = engine_of(saved_booster(model, tmp_path / "m", "model.json")), DIABETES[0]
    elif engine_name == "lightgbm":
        engine, rows = engine_of(saved_booster(lgb("noisy").booster_, tmp_path / "m", "a.txt")), noisy()[0]
    else:
        engine, rows = sklearn_engine("histogram", tmp_path, allow_native=True), noisy()[0]
    assert engine.signature.notes["engine"] == engine_name
    parts = np.array_split(rows, 24)
    name = engine.signature.output_names[-1]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda part: engine.run(inputs_of(engine, part), [name])[0], parts))

    whole = engine.run(inputs_of(engine, rows), [name])[0]
    assert np.concatenate(found).tolist() == whole.tolist()


@pytest.mark.parametrize(
    ("implementation", "file", "content"),
    [
        ("XGBOOST_SERVER", "model.json", b"{}"),
        ("XGBOOST_SERVER", "model.bst", b"binf\x00\x00\x00\x3f"),
        ("XGBOOST_SERVER", "model.ubj", b""),
        ("LIGHTGBM_SERVER", "model.txt", b"tree\nversion=v4\n"),
        ("LIGHTGBM_SERVER", "model.txt", b"\x00\xff"),
    ],
)
def test_a_broken_file_is_refused(implementation: str, file: str, content: bytes, tmp_path: Path) -> None:
    """Cut off, empty, of a version long gone."""
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / file).write_bytes(content)

    with pytest.raises(LoadFailure) as caught:
        engine_of(tmp_path / "m", implementation)

    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT
    assert file in caught.value.message
