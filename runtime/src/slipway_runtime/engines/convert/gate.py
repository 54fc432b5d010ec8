"""The gate: a conversion is served only if it gives the answers of the library it was made from.

The two are asked the same rows. Numbers may differ by a hundred-thousandth of the output's scale (float32
has seven digits, and an absolute limit would refuse every regression on large numbers). Labels may differ
only in rows where the two best scores are as good as equal: forests do tie, and then either label is right.
Such rows are counted and told. Everything else that differs is a refusal which names it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from slipway_runtime.engines.shapes import LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slipway_runtime.protocol.tensors import Array

TOLERANCE = 1e-5
TIE = 1e-6


class Inexact(Exception):  # noqa: N818 # what it says is a verdict, not an error
    """A conversion that must not be served, and what differed."""


@dataclass
class Count:
    """How many rows were compared, and how many of them were ties with another label."""

    rows: int = 0
    tied: int = 0
    scale: dict[str, float] = field(default_factory=dict)


def compare(
    expected: Mapping[str, Array], got: Mapping[str, Array], tied: Array, count: Count, where: str
) -> None:
    """Compare the answers to the same rows.

    Args:
        expected: what the library said, by output.
        got: what the candidate said.
        tied: per row, whether its best scores are as good as equal.
        count: adds up what was seen.
        where: which rows these are, for the refusal.

    Raises:
        Inexact: they differ.
    """
    count.rows += len(tied)
    for name, right in expected.items():
        answer = got[name]
        if answer.shape != right.shape:
            raise Inexact(f"output '{name}' has the shape {answer.shape}, not {right.shape}, {where}")
        if name == LABEL:
            _compare_labels(right, answer, tied, count, where)
        else:
            _compare_numbers(name, right, answer, count, where)


def ties(scores: Array | None, rows: int) -> Array:
    """Per row, whether the two best scores (or a single score and zero) lie within 1e-6 of each other."""
    if scores is None:
        return np.zeros(rows, bool)
    if scores.ndim == 1:
        near: Array = np.abs(scores) <= TIE
        return near
    if scores.shape[1] < 2:  # noqa: PLR2004 # one class: nothing to tie with
        return np.zeros(rows, bool)
    best = np.sort(scores, axis=1)[:, -2:]
    close: Array = best[:, 1] - best[:, 0] <= TIE
    return close


def answers(values: Sequence[Array], names: Sequence[str]) -> dict[str, Array]:
    """What an engine said, by output."""
    return dict(zip(names, values, strict=True))


def _compare_labels(right: Array, answer: Array, tied: Array, count: Count, where: str) -> None:
    pairs = zip(right.ravel().tolist(), answer.ravel().tolist(), strict=True)
    unequal = np.asarray([one != two for one, two in pairs], bool)
    other: Array = np.asarray(unequal.reshape(len(tied), -1).any(axis=1) if len(tied) else unequal)
    wrong = other & ~tied
    if wrong.any():
        raise Inexact(f"{int(wrong.sum())} of {len(right)} labels differ {where}")
    count.tied += int(other.sum())


def _compare_numbers(name: str, right: Array, answer: Array, count: Count, where: str) -> None:
    if not len(right):
        return
    right, answer = right.astype(np.float64), answer.astype(np.float64)
    if (np.isnan(right) != np.isnan(answer)).any():
        raise Inexact(f"output '{name}' is NaN in other rows {where}")
    finite = right[np.isfinite(right)]
    scale = max(count.scale.get(name, 0.0), float(np.abs(finite).max(initial=0.0)))
    count.scale[name] = scale
    with np.errstate(invalid="ignore"):
        apart = np.where(right == answer, 0.0, np.abs(right - answer))
    worst = float(np.nan_to_num(apart, posinf=np.inf).max(initial=0.0))
    if worst > TOLERANCE * scale:
        raise Inexact(f"output '{name}' differs by {worst:.2g} at a scale of {scale:.2g} {where}")
