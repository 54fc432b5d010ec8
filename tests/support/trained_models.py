"""Small models, trained on the spot and kept for a test run; `engine_of` serves one as the server would.

Data is the iris and wine sets of scikit-learn and what is drawn from a seed; nothing takes longer than a
second.
"""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn import (
    cluster,
    compose,
    datasets,
    ensemble,
    impute,
    linear_model,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    svm,
    tree,
)

from slipway_runtime.engines.convert.command import convert_model
from slipway_runtime.engines.engine import Engine
from slipway_runtime.engines.load import Wanted, load
from slipway_runtime.engines.parameters import ModelParameters

IRIS = datasets.load_iris(return_X_y=True)
WINE = datasets.load_wine(return_X_y=True)
DIABETES = datasets.load_diabetes(return_X_y=True)
NAMED = pd.DataFrame(IRIS[0], columns=["a", "b", "c", "d"])
BINARY = (IRIS[0][:100], IRIS[1][:100])


def noisy(rows: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A binary task with so much noise that forests tie. Shapes (rows, 4) and (rows,)."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, 4)).round(1)
    return x, (x[:, 0] + random.normal(size=rows) > 0).astype(int)


def people(rows: int = 200) -> tuple[pd.DataFrame, np.ndarray]:
    """Columns of numbers and of words, and whether one buys."""
    random = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "age": random.integers(18, 80, rows).astype(float),
            "city": random.choice(["Bern", "Oslo", "Rome"], rows),
            "income": random.normal(50_000, 10_000, rows).round(),
        }
    )
    return table, (table["age"] + 20 * (table["city"] == "Rome") > 50).to_numpy().astype(int)


def _encoded(last: Any, unknown: str = "ignore") -> Any:
    columns = compose.ColumnTransformer(
        [
            ("numbers", preprocessing.StandardScaler(), ["age", "income"]),
            ("words", preprocessing.OneHotEncoder(handle_unknown=unknown), ["city"]),
        ]
    )
    return pipeline.Pipeline([("columns", columns), ("model", last)])


def _scaled(last: Any) -> Any:
    return pipeline.make_pipeline(preprocessing.StandardScaler(), last)


def _words(task: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return task[0], np.array(["setosa", "versicolor", "virginica"])[task[1]]


def _with_gaps() -> tuple[np.ndarray, np.ndarray]:
    x, y = noisy()
    x[::7, 1] = np.nan
    return x, y


_FITTED = {
    "forest": lambda: ensemble.RandomForestClassifier(30, random_state=0).fit(*IRIS),
    "noisy forest": lambda: ensemble.RandomForestClassifier(10, max_depth=4, random_state=0).fit(*noisy()),
    "forest of words": lambda: ensemble.RandomForestClassifier(10, random_state=0).fit(*_words(IRIS)),
    "extra trees": lambda: ensemble.ExtraTreesClassifier(20, random_state=0).fit(*WINE),
    "boosted trees": lambda: ensemble.GradientBoostingClassifier(n_estimators=20, random_state=0).fit(*IRIS),
    "one tree": lambda: tree.DecisionTreeClassifier(random_state=0).fit(*WINE),
    "forest regressor": lambda: ensemble.RandomForestRegressor(20, random_state=0).fit(*DIABETES),
    "boosted regressor": lambda: ensemble.GradientBoostingRegressor(n_estimators=20).fit(*DIABETES),
    "two targets": lambda: ensemble.RandomForestRegressor(5, random_state=0).fit(
        DIABETES[0], np.stack([DIABETES[1], -DIABETES[1]], axis=1)
    ),
    "logistic": lambda: linear_model.LogisticRegression(max_iter=1000).fit(*IRIS),
    "binary logistic": lambda: linear_model.LogisticRegression().fit(*BINARY),
    "scaled logistic": lambda: _scaled(linear_model.LogisticRegression()).fit(*WINE),
    "ridge": lambda: linear_model.Ridge().fit(*DIABETES),
    "scaled support vectors": lambda: _scaled(svm.SVC()).fit(*IRIS),
    "linear support vectors": lambda: svm.LinearSVC().fit(*BINARY),
    "support vector regressor": lambda: svm.SVR().fit(*DIABETES),
    "bayes": lambda: naive_bayes.GaussianNB().fit(*IRIS),
    "neighbours": lambda: neighbors.KNeighborsClassifier(3, algorithm="brute").fit(*IRIS),
    "network": lambda: _scaled(neural_network.MLPClassifier(16, max_iter=60, random_state=0)).fit(*IRIS),
    "k-means": lambda: cluster.KMeans(3, n_init=2, random_state=0).fit(IRIS[0]),
    "isolation forest": lambda: ensemble.IsolationForest(n_estimators=20, random_state=0).fit(IRIS[0]),
    "imputed": lambda: pipeline.make_pipeline(
        impute.SimpleImputer(), preprocessing.StandardScaler(), linear_model.LogisticRegression()
    ).fit(*_with_gaps()),
    "scaled forest": lambda: _scaled(ensemble.RandomForestClassifier(10, random_state=0)).fit(*WINE),
    "histogram": lambda: ensemble.HistGradientBoostingClassifier(max_iter=20, random_state=0).fit(*noisy()),
    "histogram regressor": lambda: ensemble.HistGradientBoostingRegressor(max_iter=20).fit(*DIABETES),
    "columns": lambda: _encoded(linear_model.LogisticRegression(max_iter=1000)).fit(*people()),
    "strict columns": lambda: _encoded(linear_model.LogisticRegression(max_iter=1000), "error").fit(
        *people()
    ),
    "columns and forest": lambda: _encoded(ensemble.RandomForestClassifier(10, random_state=0)).fit(
        *people()
    ),
    "named columns": lambda: linear_model.LogisticRegression(max_iter=1000).fit(NAMED, IRIS[1]),
}
NAMES = tuple(_FITTED)


@cache
def fitted(name: str) -> Any:
    """A fitted estimator by name; nobody may change it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some are stopped before they converge
        return _FITTED[name]()


def saved(estimator: Any, folder: Path, name: str = "model.pkl") -> Path:
    """A folder with a pickle of an estimator."""
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(estimator, folder / name)
    return folder


def engine_of(folder: Path, implementation: str = "AUTO", **parameters: Any) -> Engine:
    """Convert in this process, which a test can look into, and load as the server does."""
    asked = ModelParameters.of(parameters)
    made = folder.parent / f"{folder.name}-converted"
    made.mkdir(exist_ok=True)
    convert_model(folder, made, implementation, asked)
    return load(Wanted(folder, implementation, asked, made))


def sklearn_engine(name: str, folder: Path, **parameters: Any) -> Engine:
    """An estimator of this module, pickled and served."""
    return engine_of(saved(fitted(name), folder / "model"), "SKLEARN_SERVER", **parameters)


def inputs_of(engine: Engine, rows: Any) -> dict[str, np.ndarray]:
    """A matrix or a table as an engine's inputs, in its types."""
    specs = engine.signature.inputs
    if len(specs) == 1:
        return {specs[0].name: np.ascontiguousarray(np.asarray(rows), specs[0].dtype)}
    return {
        spec.name: rows[[spec.name]].to_numpy(dtype=object if spec.datatype == "BYTES" else spec.dtype)
        for spec in specs
    }
