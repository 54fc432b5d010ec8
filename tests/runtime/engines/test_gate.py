"""The gate itself: what it lets pass, and what it counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from slipway_runtime.engines.convert.gate import Count, Inexact, compare, ties
from slipway_runtime.engines.convert.trees import Tree, around, splits
from trained_models import engine_of, inputs_of, noisy, saved

NOT_TIED = np.zeros(2, bool)


def test_exact_ties_of_a_forest_are_counted_and_told(tmp_path: Path) -> None:
    """Twenty trees vote ten to ten: either label is right, and the metadata says how often that was so."""
    x, y = noisy(600, seed=3)
    estimator = RandomForestClassifier(20, random_state=1).fit(x, y)
    engine = engine_of(saved(estimator, tmp_path / "m"), "SKLEARN_SERVER")
    rows = np.random.default_rng(5).normal(size=(4000, 4)).round(2)

    (labels,) = engine.run(inputs_of(engine, rows), ["label"])

    scores = estimator.predict_proba(rows)
    differs = labels != estimator.predict(rows)
    assert ties(scores, len(rows)).sum() > 10
    assert not (differs & ~ties(scores, len(rows))).any()
    if differs.any():
        assert int(engine.signature.notes["tied_rows"]) > 0


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ({"label": np.array([0, 1])}, {"label": np.array([0, 2])}),
        ({"label": np.array(["a", "b"])}, {"label": np.array(["a", "B"])}),
        ({"prediction": np.array([1.0, 2.0])}, {"prediction": np.array([1.0, 2.001])}),
        ({"prediction": np.array([1.0, np.nan])}, {"prediction": np.array([1.0, 2.0])}),
        ({"prediction": np.array([1.0, np.inf])}, {"prediction": np.array([1.0, 2.0])}),
        ({"prediction": np.array([1.0, 2.0])}, {"prediction": np.array([[1.0], [2.0]])}),
    ],
)
def test_a_difference_is_a_refusal(right: dict[str, np.ndarray], wrong: dict[str, np.ndarray]) -> None:
    """Never a wrong answer in silence."""
    compare(right, right, NOT_TIED, Count(), "here")
    with pytest.raises(Inexact, match="here"):
        compare(right, wrong, NOT_TIED, Count(), "here")


def test_a_difference_is_measured_by_the_size_of_the_answers() -> None:
    """Float32 has seven digits: a tenth is nothing in a million and all in one."""
    right, answer = {"prediction": np.array([1e6, 2e6])}, {"prediction": np.array([1e6, 2e6 + 0.1])}
    compare(right, answer, NOT_TIED, Count(), "here")


def test_a_tied_label_passes_and_is_counted() -> None:
    """Only that row, and only its label."""
    count = Count()
    labels, others = {"label": np.array([0, 1])}, {"label": np.array([1, 1])}
    compare(labels, others, np.array([True, False]), count, "here")
    assert (count.rows, count.tied) == (2, 1)


def test_every_split_is_reached_by_its_row() -> None:
    """A row that turns off before the split says nothing about it."""
    tree = Tree(
        np.array([0, 1, -1, 0, -1, -1, -1]),
        np.array([1.0, 5.0, 0, -3.0, 0, 0, 0]),
        np.array([1, 3, -1, 5, -1, -1, -1]),
        np.array([2, 4, -1, 6, -1, -1, -1]),
    )
    found = splits([tree], np.full((3, 2), 9.0), 100, np.random.default_rng(0))

    reached = {
        (int(column), float(threshold))
        for column, threshold in zip(found.column, found.threshold, strict=True)
    }
    assert reached == {(0, 1.0), (1, 5.0), (0, -3.0)}
    for row, column, threshold in zip(found.rows, found.column, found.threshold, strict=True):
        if (column, threshold) == (1, 5.0):
            assert row[0] < 1.0
        if (column, threshold) == (0, -3.0):
            assert row[1] < 5.0
    steps = around(found)
    assert len(steps) == 18
    assert {
        1.0,
        np.nextafter(1.0, 2),
        np.nextafter(1.0, 0),
        float(np.nextafter(np.float32(1), np.float32(2))),
    } <= set(steps[:, 0])
