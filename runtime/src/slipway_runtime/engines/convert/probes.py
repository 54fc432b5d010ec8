"""Rows to ask a model and its conversion: made up like training rows, since those are not there.

What an estimator keeps of its data tells how large values are: thresholds of trees, support vectors,
neighbours, means and scales. Where it keeps nothing, values around zero are taken. Half of the rows are
rounded to one decimal, as measured values are: that is where equal values and ties come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from slipway_runtime.engines.convert.source import ORDINARY_ROWS
from slipway_runtime.engines.sklearn_columns import nested

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway_runtime.protocol.tensors import Array

_KEPT = ("support_vectors_", "_fit_X", "cluster_centers_", "theta_", "means_", "X_train_", "centroids_")


def ordinary(low: Array, high: Array, random: np.random.Generator) -> Array:
    """Rows between two bounds, and a little beyond. Shape (ORDINARY_ROWS, columns), float64."""
    width = np.maximum(high - low, 1e-3)
    rows = random.uniform(low - width / 4, high + width / 4, (ORDINARY_ROWS, len(low)))
    half = ORDINARY_ROWS // 2
    rows[:half] = np.round(rows[:half], 1)
    rows[:8] = 0.0
    return rows


def bounds(estimator: Any, columns: int, thresholds: Array) -> tuple[Array, Array]:
    """Between which values each column lies, as far as the estimator's first step knows.

    Args:
        estimator: or None.
        columns: how many.
        thresholds: of its trees, lowest and highest, NaN where there are none; shape (2, columns).
    """
    low, high = np.full(columns, -3.0), np.full(columns, 3.0)
    for part in nested(estimator):
        for below, above in _kept(part, columns):
            low, high = below, above
    known = np.isfinite(thresholds).all(axis=0)
    low = np.where(known, thresholds[0], low)
    high = np.where(known, thresholds[1], high)
    return low, high


def with_categories(
    rows: Array, categories: Mapping[int, tuple[Any, ...]], random: np.random.Generator
) -> Array:
    """Rows whose encoded columns hold values that the encoders know, every one of them somewhere."""
    if not categories:
        return rows
    mixed = any(isinstance(value, str) for values in categories.values() for value in values)
    table = rows.astype(object) if mixed else rows.copy()
    for column, values in categories.items():
        drawn = random.integers(0, len(values), len(rows))
        drawn[: len(values)] = np.arange(min(len(values), len(rows)))
        table[:, column] = np.array(values, dtype=object if mixed else np.float64)[drawn]
    return table


def _kept(part: Any, columns: int) -> list[tuple[Array, Array]]:
    """Bounds from what one estimator keeps of the data it was fitted on."""
    found = []
    for name in _KEPT:
        values = getattr(part, name, None)
        if isinstance(values, np.ndarray) and values.ndim == 2 and values.shape[1] == columns and len(values):  # noqa: PLR2004 # rows by columns
            found.append((values.min(axis=0), values.max(axis=0)))
    mean, scale = getattr(part, "mean_", None), getattr(part, "scale_", None)
    if (
        isinstance(mean, np.ndarray)
        and isinstance(scale, np.ndarray)
        and mean.shape == scale.shape == (columns,)
    ):
        found.append((mean - 3 * scale, mean + 3 * scale))
    least, most = getattr(part, "data_min_", None), getattr(part, "data_max_", None)
    if (
        isinstance(least, np.ndarray)
        and isinstance(most, np.ndarray)
        and least.shape == most.shape == (columns,)
    ):
        found.append((least, most))
    return [(np.asarray(low, float), np.asarray(high, float)) for low, high in found]
