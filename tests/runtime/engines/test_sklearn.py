"""Estimators answer through the server as they answer by themselves, or are not served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slipway_runtime.engines.converted import ConvertedEngine
from slipway_runtime.errors import InvalidRequest, LoadFailure, Reason
from slipway_runtime.protocol.class_labels import CLASSES, labels_of
from trained_models import (
    DIABETES,
    IRIS,
    NAMED,
    WINE,
    engine_of,
    fitted,
    inputs_of,
    noisy,
    people,
    saved,
    sklearn_engine,
)

DATA: dict[str, Any] = {
    "forest": IRIS[0],
    "noisy forest": noisy()[0],
    "forest of words": IRIS[0],
    "extra trees": WINE[0],
    "boosted trees": IRIS[0],
    "one tree": WINE[0],
    "forest regressor": DIABETES[0],
    "boosted regressor": DIABETES[0],
    "two targets": DIABETES[0],
    "logistic": IRIS[0],
    "binary logistic": IRIS[0],
    "scaled logistic": WINE[0],
    "ridge": DIABETES[0],
    "scaled support vectors": IRIS[0],
    "linear support vectors": IRIS[0],
    "support vector regressor": DIABETES[0],
    "bayes": IRIS[0],
    "network": IRIS[0],
    "k-means": IRIS[0],
    "isolation forest": IRIS[0],
    "imputed": noisy()[0],
    "columns": people()[0],
    "strict columns": people()[0],
    "named columns": NAMED,
}
INEXACT = {
    "histogram": noisy()[0],
    "histogram regressor": DIABETES[0],
    "neighbours": IRIS[0],
    "scaled forest": WINE[0],
    "columns and forest": people()[0],
}


@pytest.mark.parametrize("name", DATA)
def test_a_converted_estimator_answers_as_itself(name: str, tmp_path: Path) -> None:
    """People compare with what their notebook says, row by row."""
    engine, estimator, rows = sklearn_engine(name, tmp_path), fitted(name), DATA[name]

    answers = engine.run(inputs_of(engine, rows), engine.signature.output_names)

    assert isinstance(engine, ConvertedEngine)
    assert engine.signature.notes["engine"] == "onnxruntime"
    expected = estimator.predict(rows)
    if engine.signature.output_names[0] == "label":
        assert answers[0].tolist() == expected.tolist()
        assert answers[0].shape == expected.shape
    else:
        np.testing.assert_allclose(answers[0], expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    if "probabilities" in engine.signature.output_names:
        np.testing.assert_allclose(answers[1], estimator.predict_proba(rows), rtol=0, atol=2e-5)
        assert labels_of(engine.signature, answers[1].shape[1]) == [str(each) for each in estimator.classes_]
    else:
        assert CLASSES not in engine.signature.notes


@pytest.mark.parametrize("name", INEXACT)
def test_what_does_not_convert_exactly_is_refused_with_a_remedy(name: str, tmp_path: Path) -> None:
    """A histogram model loses its float64 bins, a scaler moves a value across a forest's threshold."""
    with pytest.raises(LoadFailure) as caught:
        sklearn_engine(name, tmp_path)

    assert caught.value.reason is Reason.CONVERSION_INEXACT
    assert "allow_native" in caught.value.message


@pytest.mark.parametrize("name", INEXACT)
def test_its_own_library_serves_it_where_that_is_allowed(name: str, tmp_path: Path) -> None:
    """Somebody who trusts the pickle gets exactly the estimator, and the metadata says so."""
    engine = sklearn_engine(name, tmp_path, allow_native=True)

    answers = engine.run(inputs_of(engine, INEXACT[name]), engine.signature.output_names)

    assert answers[0].tolist() == fitted(name).predict(INEXACT[name]).tolist()
    assert engine.signature.platform == "scikit-learn"
    assert engine.signature.notes["engine"] == "scikit-learn"
    assert engine.signature.notes["not_converted"]
    if len(answers) > 1:
        classes = [str(each) for each in fitted(name).classes_]
        assert labels_of(engine.signature, answers[1].shape[1]) == classes


@pytest.mark.parametrize(
    ("name", "method", "primary"),
    [
        ("forest", "", "label"),
        ("forest", "predict", "label"),
        ("forest", "predict_proba", "probabilities"),
        ("binary logistic", "decision_function", "scores"),
        ("logistic", "decision_function", "scores"),
        ("scaled support vectors", "decision_function", "scores"),
        ("ridge", "predict", "prediction"),
    ],
)
def test_the_method_chooses_the_answer(name: str, method: str, primary: str, tmp_path: Path) -> None:
    """As in Seldon: the same model gives classes to one team and scores to another."""
    engine = sklearn_engine(name, tmp_path, **({"method": method} if method else {}))
    signature = engine.signature

    (answer,) = engine.run(inputs_of(engine, DATA[name]), [signature.primary])

    assert signature.primary == primary
    assert signature.notes.get("method", "") == method
    expected = getattr(fitted(name), method or "predict")(DATA[name])
    assert answer.shape == expected.shape
    np.testing.assert_allclose(answer, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


def test_a_method_that_the_estimator_lacks_is_named_with_those_it_has(tmp_path: Path) -> None:
    """A support vector machine has no probabilities unless it was asked to learn them."""
    with pytest.raises(LoadFailure) as caught:
        sklearn_engine("scaled support vectors", tmp_path, method="predict_proba")

    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT
    assert "predict_proba" in caught.value.message


def test_columns_have_their_names(tmp_path: Path) -> None:
    """A client that sends a table must not have to know the order of its columns."""
    table = sklearn_engine("columns", tmp_path / "a").signature
    matrix = sklearn_engine("named columns", tmp_path / "b").signature

    assert [(spec.name, spec.datatype, spec.shape) for spec in table.inputs] == [
        ("age", "FP32", (-1, 1)),
        ("city", "BYTES", (-1, 1)),
        ("income", "FP32", (-1, 1)),
    ]
    assert matrix.features == ("a", "b", "c", "d")
    assert [(spec.name, spec.datatype, spec.shape) for spec in matrix.inputs] == [
        ("input-0", "FP32", (-1, 4))
    ]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_the_estimator_refuses_are_refused_by_its_conversion(bad: float, tmp_path: Path) -> None:
    """A graph computes something from anything: an answer to a missing value would be made up."""
    engine = sklearn_engine("logistic", tmp_path)
    rows = IRIS[0][:3].copy()
    rows[1, 2] = bad

    with pytest.raises(ValueError, match="Input X contains"):
        fitted("logistic").predict(rows)
    with pytest.raises(InvalidRequest):
        engine.run(inputs_of(engine, rows), ["label"])


def test_missing_values_are_filled_in_where_the_pipeline_does_that(tmp_path: Path) -> None:
    """That is what the imputer was put there for."""
    engine, rows = sklearn_engine("imputed", tmp_path), noisy()[0].copy()
    rows[::3, 1] = np.nan

    (labels,) = engine.run(inputs_of(engine, rows), ["label"])

    assert labels.tolist() == fitted("imputed").predict(rows).tolist()


@pytest.mark.parametrize("name", ["columns", "strict columns"])
def test_an_unknown_category_is_treated_as_the_encoder_treats_it(name: str, tmp_path: Path) -> None:
    """An encoder that ignores answers, one that is strict refuses; a converted one must do the same."""
    engine = sklearn_engine(name, tmp_path)
    table = people()[0].head(4).assign(city="Atlantis")

    if name == "columns":
        (labels,) = engine.run(inputs_of(engine, table), ["label"])
        assert labels.tolist() == fitted(name).predict(table).tolist()
    else:
        with pytest.raises(InvalidRequest) as caught:
            engine.run(inputs_of(engine, table), ["label"])
        assert "Atlantis" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "platform"), [("neighbours", "scikit-learn"), ("forest", "onnxruntime_onnx")]
)
def test_a_skops_file_needs_no_permission(name: str, platform: str, tmp_path: Path) -> None:
    """It holds data: AUTO takes it, and scikit-learn may serve what does not convert."""
    from skops import io  # noqa: PLC0415 # seconds of imports for one test

    (tmp_path / "a").mkdir()
    io.dump(fitted(name), tmp_path / "a" / "model.skops")

    engine = engine_of(tmp_path / "a")

    (labels,) = engine.run(inputs_of(engine, IRIS[0]), ["label"])
    assert engine.signature.platform == platform
    assert labels.tolist() == fitted(name).predict(IRIS[0]).tolist()


def test_a_skops_file_with_compiled_types_is_not_loaded_into_the_server(tmp_path: Path) -> None:
    """A tree believes its arrays: made up ones would read the server's memory."""
    from skops import io  # noqa: PLC0415 # seconds of imports for one test

    (tmp_path / "a").mkdir()
    io.dump(fitted("scaled forest"), tmp_path / "a" / "model.skops")

    with pytest.raises(LoadFailure) as caught:
        engine_of(tmp_path / "a")

    assert caught.value.reason is Reason.CONVERSION_INEXACT
    assert engine_of(tmp_path / "a", allow_native=True).signature.platform == "scikit-learn"


class Stranger:
    """A type that nobody trusts, with a predict of its own."""

    def predict(self, rows: Any) -> Any:
        """Say nothing."""
        return rows


def test_a_skops_file_with_a_strange_type_is_refused(tmp_path: Path) -> None:
    """Its class would be imported, and importing runs code."""
    from skops import io  # noqa: PLC0415 # seconds of imports for one test

    (tmp_path / "a").mkdir()
    io.dump(Stranger(), tmp_path / "a" / "model.skops")

    with pytest.raises(LoadFailure) as caught:
        engine_of(tmp_path / "a")

    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT
    assert "Stranger" in caught.value.message


@pytest.mark.parametrize("thing", [{"a": 1}, [1, 2], "text"])
def test_a_pickle_of_something_else_says_what_it_is(thing: object, tmp_path: Path) -> None:
    """A dictionary with model and metadata is what half of all pickles hold."""
    with pytest.raises(LoadFailure) as caught:
        engine_of(saved(thing, tmp_path / "a"), "SKLEARN_SERVER")

    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT
    assert type(thing).__name__ in caught.value.message


def test_an_estimator_that_was_never_fitted_is_told_so(tmp_path: Path) -> None:
    """The wrong variable was pickled."""
    from sklearn.linear_model import Ridge  # noqa: PLC0415 # beside its only use

    with pytest.raises(LoadFailure) as caught:
        engine_of(saved(Ridge(), tmp_path / "a"), "SKLEARN_SERVER")

    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT
