"""Where a column's value crosses a tree's threshold, when scalers and encoders stand between the two.

A tree behind a scaler compares scaled values. Which value of the original column scales to its threshold is
found by bisection, for whatever the transformation is, down to two neighbours in float64. Columns that are
encoded are left as they are: their values are all in the ordinary rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from slipway_runtime.engines.convert.trees import Splits, Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from slipway_runtime.protocol.tensors import Array

_STEPS = 80  # halvings: from the whole range down to neighbours in float64
_REACH = 4.0  # widths of a column's range


def crossings(
    transform: Callable[[Any], Any],
    table: Array,
    trees: Sequence[Tree],
    encoded: Container[int],
    *,
    most: int,
    random: np.random.Generator,
) -> Splits:
    """For thresholds of trees behind a transformation: rows, the original column, and the value that crosses.

    Args:
        transform: from rows to what the trees see.
        table: ordinary rows.
        trees: of one model.
        encoded: columns to leave alone.
        most: how many thresholds at most, drawn at random.
        random: draws.
    """
    seen = np.array(
        sorted(
            {
                (int(c), float(t))
                for tree in trees
                for c, t in zip(tree.column, tree.threshold, strict=True)
                if c >= 0
            }
        )
    )
    if len(seen) > most:
        seen = seen[random.choice(len(seen), most, replace=False)]
    rows = table[random.integers(len(table), size=len(seen))]
    sources = _sources(transform, table, encoded)
    column = np.array([sources.get(int(target), -1) for target, _ in seen], int)
    kept = column >= 0
    rows, column = rows[kept], column[kept]
    target, threshold = seen[kept, 0].astype(int), seen[kept, 1]
    if not len(rows):
        return Splits(rows, column, threshold)
    low, high = _reach(table, column)
    ascending = _at(transform, rows, column, high, target) > _at(transform, rows, column, low, target)
    for _ in range(_STEPS):
        middle = low + (high - low) / 2
        above = _at(transform, rows, column, middle, target) > threshold
        lower = above == ascending
        high = np.where(lower, middle, high)
        low = np.where(lower, low, middle)
    return Splits(rows, column, low)


def _at(transform: Callable[[Any], Any], rows: Array, column: Array, values: Array, target: Array) -> Array:
    """What the trees see in their columns when the rows' columns hold these values."""
    changed = rows.copy()
    changed[np.arange(len(rows)), column] = values
    seen = _dense(transform(changed))[np.arange(len(rows)), target]
    return seen.astype(np.float32)  # as every tree of scikit-learn does


def _sources(transform: Callable[[Any], Any], table: Array, encoded: Container[int]) -> dict[int, int]:
    """For each column that the trees see, the original column that moves it most."""
    first = table[:1]
    before = _dense(transform(first))[0]
    moved: dict[int, tuple[float, int]] = {}
    for column in range(table.shape[1]):
        if column in encoded:
            continue
        low, high = _reach(table, np.array([column]))
        changed = first.copy()
        changed[0, column] = high[0] if first[0, column] != high[0] else low[0]
        for target in np.flatnonzero(_dense(transform(changed))[0] != before):
            effect = abs(float(_dense(transform(changed))[0, target] - before[target]))
            moved[int(target)] = max(moved.get(int(target), (0.0, -1)), (effect, column))
    return {target: column for target, (_, column) in moved.items()}


def _reach(table: Array, column: Array) -> tuple[Array, Array]:
    """A column's range, and a good deal beyond."""
    values = np.array([table[:, one].astype(np.float64) for one in column])
    low, high = values.min(axis=1), values.max(axis=1)
    width = np.maximum(high - low, 1.0) * _REACH
    return low - width, high + width


def _dense(values: Any) -> Array:
    return np.asarray(values.toarray() if hasattr(values, "toarray") else values, np.float64)
