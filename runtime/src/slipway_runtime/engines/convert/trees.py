"""Decision trees as arrays, whichever library grew them, and rows that stand exactly at their thresholds.

A tree that was converted goes wrong, if it does, where a value meets a threshold. A row made up at random
never does. So for each split a row is built that gets there (its other columns lie inside the box of the
splits above it), and its own column is put at the threshold and one step of float32 and of float64 to either
side of it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from slipway_runtime.engines.sklearn_columns import nested

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slipway_runtime.protocol.tensors import Array


class Tree(NamedTuple):
    """One tree: node by node, the column it asks for (-1 in a leaf), its threshold, and where it goes."""

    column: Array
    threshold: Array
    left: Array
    right: Array


class Splits(NamedTuple):
    """Rows that reach splits: `rows[i]` gets to one that compares column `column[i]` with `threshold[i]`."""

    rows: Array
    column: Array
    threshold: Array


def sklearn_trees(estimator: Any) -> list[Tree]:
    """All trees of an estimator, however deep they are nested."""
    grown = [part.tree_ for part in nested(estimator) if hasattr(part, "tree_")]
    return [
        Tree(
            np.where(tree.children_left < 0, -1, tree.feature),
            tree.threshold,
            tree.children_left,
            tree.children_right,
        )
        for tree in grown
        if hasattr(tree, "children_left")
    ]


def xgboost_trees(booster: Any) -> list[Tree]:
    """The trees of an XGBoost model, from its own JSON."""
    found = json.loads(bytes(booster.save_raw("json")))["learner"]["gradient_booster"]
    found = found.get("gbtree", found)
    if "model" not in found or "trees" not in found["model"]:
        return []  # linear
    return [
        Tree(
            np.where(np.asarray(tree["left_children"]) < 0, -1, np.asarray(tree["split_indices"])),
            np.asarray(tree["split_conditions"], np.float64),
            np.asarray(tree["left_children"]),
            np.asarray(tree["right_children"]),
        )
        for tree in found["model"]["trees"]
    ]


def lightgbm_trees(text: str) -> list[Tree]:
    """The trees of LightGBM's text. Leaves are its negative children; splits on categories are left out."""
    trees = []
    for block in text.split("\nTree=")[1:]:
        fields = dict(line.partition("=")[::2] for line in block.splitlines() if "=" in line)
        if not fields.get("split_feature"):
            continue
        kinds = np.asarray(fields["decision_type"].split(), int)
        column = np.asarray(fields["split_feature"].split(), int)
        trees.append(
            Tree(
                np.where(kinds & 1, -1, column),
                np.asarray(fields["threshold"].split(), float),
                np.asarray(fields["left_child"].split(), int),
                np.asarray(fields["right_child"].split(), int),
            )
        )
    return trees


def ranges(trees: Sequence[Tree], columns: int) -> Array:
    """Lowest and highest threshold of each column; NaN where no tree asks for it. Shape (2, columns)."""
    found = np.full((2, columns), np.nan)
    for tree in trees:
        asked = tree.column >= 0
        with np.errstate(all="ignore"):
            for row, reduce in ((0, np.fmin), (1, np.fmax)):
                reduce.at(found[row], tree.column[asked], tree.threshold[asked])
    return found


def splits(trees: Sequence[Tree], base: Array, most: int, random: np.random.Generator) -> Splits:
    """A row for each split of the trees, or for `most` of them, drawn at random.

    Args:
        trees: of one model.
        base: ordinary rows, whose values are kept where a split's box allows.
        most: how many rows at most.
        random: draws.
    """
    found: list[tuple[Array, int, float]] = []
    share = max(most // max(len(trees), 1), 4)
    order = random.permutation(len(trees))
    for index in order:
        nodes = list(_boxes(trees[index], base.shape[1]))
        picked = (
            nodes
            if len(nodes) <= share
            else [nodes[one] for one in random.choice(len(nodes), share, replace=False)]
        )
        for node, low, high in picked:
            row = _inside(base[random.integers(len(base))], low, high)
            found.append((row, int(trees[index].column[node]), float(trees[index].threshold[node])))
        if len(found) >= most:
            break
    if not found:
        return Splits(np.empty((0, base.shape[1])), np.empty(0, int), np.empty(0))
    rows, column, threshold = zip(*found, strict=True)
    return Splits(np.array(rows), np.array(column), np.array(threshold))


def around(found: Splits) -> Array:
    """Each split's row six times: at its threshold and one step to either side, of float64 and of float32."""
    exact, single = found.threshold, found.threshold.astype(np.float32)
    values = [
        exact,
        np.nextafter(exact, -np.inf),
        np.nextafter(exact, np.inf),
        single.astype(np.float64),
        np.nextafter(single, np.float32(-np.inf)).astype(np.float64),
        np.nextafter(single, np.float32(np.inf)).astype(np.float64),
    ]
    rows = np.repeat(found.rows[None], len(values), axis=0)
    for each, column_values in zip(rows, values, strict=True):
        each[np.arange(len(each)), found.column] = column_values
    return rows.reshape(-1, found.rows.shape[1])


def _boxes(tree: Tree, columns: int) -> Iterator[tuple[int, Array, Array]]:
    """Every split with the open box of values that lead to it."""
    waiting = [(0, np.full(columns, -np.inf), np.full(columns, np.inf))]
    while waiting:
        node, low, high = waiting.pop()
        if node < 0 or node >= len(tree.column):
            continue
        column, threshold = tree.column[node], tree.threshold[node]
        if column < 0:
            if tree.left[node] != tree.right[node]:  # a split that is not of numbers: both sides are open
                waiting += [(int(child), low, high) for child in (tree.left[node], tree.right[node])]
            continue
        yield node, low, high
        left_high, right_low = high.copy(), low.copy()
        left_high[column] = min(high[column], threshold)
        right_low[column] = max(low[column], threshold)
        waiting.append((int(tree.left[node]), low, left_high))
        waiting.append((int(tree.right[node]), right_low, high))


def _inside(row: Array, low: Array, high: Array) -> Array:
    """The row, with what lies outside the box moved into it."""
    width = np.where(
        np.isfinite(low) & np.isfinite(high),
        (high - low) / 2,
        1 + np.abs(np.nan_to_num(low, posinf=0, neginf=0)),
    )
    middle = np.where(
        np.isfinite(low),
        low + width,
        np.where(np.isfinite(high), high - 1 - np.abs(np.nan_to_num(high)), row),
    )
    outside = (row <= low) | (row >= high)
    moved: Array = np.where(outside, middle, row)
    return moved
