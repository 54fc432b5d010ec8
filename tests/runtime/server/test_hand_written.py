"""Models as people serve them from Flask, behind the same requests: the answers that their code gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import joblib
import numpy as np
import pytest
import xgboost
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier

from runtime_server import started


class Served(NamedTuple):
    """A model on a server and in this process.

    Attributes:
        client: of the server.
        predict: what the hand-written service would call.
        rows: of the model's own kind.
        names: of the columns.
    """

    client: httpx.Client
    predict: Any
    rows: Any
    names: list[str]


def _serving(folder: Path, name: str, implementation: str) -> Iterator[httpx.Client]:
    flags = ("--model-dir", str(folder), "--model-name", name, "--implementation", implementation)
    with started(*flags) as server:
        server.wait_ready()
        with server.client() as client:
            yield client


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A RandomForest that joblib wrote to model.pkl, fitted on a dataframe."""
    folder = tmp_path_factory.mktemp("iris")
    frame, labels = load_iris(return_X_y=True, as_frame=True)
    forest = RandomForestClassifier(10, random_state=0).fit(frame, labels)
    joblib.dump(forest, folder / "model.pkl")
    for client in _serving(folder, "iris", "SKLEARN_SERVER"):
        yield Served(client, forest.predict, frame[::15], list(frame.columns))


@pytest.fixture(scope="module")
def credit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An XGBoost booster in a .bst file, called credit_score."""
    folder = tmp_path_factory.mktemp("credit")
    rows, labels = load_diabetes(return_X_y=True)
    rows = rows[:, :4].astype(np.float32)
    booster = xgboost.train(
        {"objective": "reg:squarederror", "max_depth": 3}, xgboost.DMatrix(rows, labels), 5
    )
    path = folder / "model.ubj"
    booster.save_model(path)
    path.rename(folder / "credit_score.bst")
    for client in _serving(folder, "credit_score", "XGBOOST_SERVER"):
        yield Served(client, lambda asked: booster.predict(xgboost.DMatrix(asked)), rows[:10], [])


def test_a_forest_answers_labels_as_its_predict_gives_them(iris: Served) -> None:
    """`jsonify(prediction=model.predict(features).tolist())` is what the service did."""
    labels = iris.predict(iris.rows).tolist()

    answer = iris.client.post("/predict", json={"features": iris.rows.to_numpy().tolist()})

    assert answer.json() == {"prediction": labels}
    assert str(labels).replace(" ", "").encode() in answer.content  # integers, not 1.0


def test_a_single_row_is_answered_by_a_single_value(iris: Served) -> None:
    """`int(model.predict([features])[0])`, for a flat row and for an object of columns."""
    (label,) = iris.predict(iris.rows[:1])
    row = iris.rows.iloc[0]

    for body in ({"features": row.tolist()}, row.to_dict()):
        assert iris.client.post("/predict", json=body).json() == {"prediction": label}
        assert iris.client.post("/iris", json=body).json() == {"iris": label}


@pytest.mark.parametrize("shuffled", [False, True])
def test_a_dataframe_s_columns_may_come_in_any_order(iris: Served, *, shuffled: bool) -> None:
    """The forest was fitted on names; scikit-learn itself would refuse another order."""
    labels = iris.predict(iris.rows).tolist()
    frame = iris.rows[iris.names[::-1]] if shuffled else iris.rows
    split = frame.to_dict(orient="split")
    named = [dict(zip(frame.columns, row, strict=True)) for row in frame.to_numpy().tolist()]

    def asked(path: str, **request: Any) -> Any:
        return iris.client.post(path, **request).json()["predictions"]

    assert asked("/invocations", json={"dataframe_split": split}) == labels
    assert asked("/invocations", json={"dataframe_records": named}) == labels
    assert asked("/v1/models/iris:predict", json={"instances": named}) == labels
    assert asked("/invocations", content=frame.to_csv(), headers={"content-type": "text/csv"}) == labels


def test_a_booster_answers_its_score_under_its_own_name(credit: Served) -> None:
    """`{"credit_score": float(booster.predict(DMatrix([features]))[0])}` is what the service did."""
    scores = credit.predict(credit.rows)
    one = credit.client.post("/credit_score", json={"features": credit.rows[0].tolist()}).json()
    many = credit.client.post("/credit_score", json={"features": credit.rows.tolist()}).json()

    assert isinstance(one["credit_score"], float)
    np.testing.assert_allclose(one["credit_score"], scores[0], rtol=1e-5)
    np.testing.assert_allclose(many["credit_score"], scores, rtol=1e-5)
