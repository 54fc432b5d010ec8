"""What an estimator takes: one matrix of numbers, columns by name, or texts.

A fitted estimator does not say which of its columns were strings, but its encoders do: what they learned is
kept as categories. Only the first step that sees a column tells its type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from slipway_runtime.engines.shapes import MATRIX, matrix
from slipway_runtime.errors import LoadFailure, Reason
from slipway_runtime.protocol.signature import TensorSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slipway_runtime.protocol.tensors import Array

TEXT = "text"


@dataclass(frozen=True, slots=True)
class Columns:
    """The inputs of an estimator.

    Attributes:
        names: one for each column.
        categories: what an encoder learned, by column; strings make the column a string column.
        text: the model takes documents, one a row.
        features: the names the estimator was fitted with, where its input is one matrix.
    """

    names: tuple[str, ...]
    categories: Mapping[int, tuple[Any, ...]]
    text: bool
    features: tuple[str, ...]

    @property
    def strings(self) -> frozenset[int]:
        """The columns that hold strings."""
        return frozenset(
            column
            for column, values in self.categories.items()
            if any(isinstance(one, str) for one in values)
        )

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """One matrix, or one input for each column when some hold strings."""
        if self.text:
            return (TensorSpec(MATRIX, "BYTES", (-1, 1)),)
        if not self.strings:
            return (matrix(len(self.names), "FP64"),)
        return tuple(
            TensorSpec(name, "BYTES" if column in self.strings else "FP64", (-1, 1))
            for column, name in enumerate(self.names)
        )

    def rows(self, inputs: Mapping[str, Array]) -> Any:
        """What the estimator's methods take."""
        if self.text:
            return [_text(value) for value in inputs[MATRIX].ravel()]
        if not self.strings:
            return inputs[MATRIX]
        table = np.empty((len(inputs[self.names[0]]), len(self.names)), dtype=object)
        for column, name in enumerate(self.names):
            values = inputs[name].ravel()
            table[:, column] = [_text(value) for value in values] if column in self.strings else values
        return table

    def example(self) -> Any:
        """One row: zeros, and values that the encoders know."""
        if self.text:
            return [TEXT]
        if not self.strings:
            row = np.zeros((1, len(self.names)))
        else:
            row = np.zeros((1, len(self.names)), dtype=object)
        for column, values in self.categories.items():
            row[0, column] = values[0]
        return row


def columns_of(estimator: Any) -> Columns:
    """Read an estimator's columns.

    Raises:
        LoadFailure: UnsupportedFormat; it does not know how many there are.
    """
    if callable(getattr(first_step(estimator), "build_analyzer", None)):
        return Columns((MATRIX,), {}, text=True, features=())
    count = getattr(estimator, "n_features_in_", None)
    if not isinstance(count, int | np.integer):
        raise LoadFailure(
            Reason.UNSUPPORTED_FORMAT,
            f"a {type(estimator).__name__} that does not know its number of columns (n_features_in_) cannot "
            "be served: fit it on a matrix with scikit-learn 0.24 or newer",
        )
    named = tuple(str(name) for name in getattr(estimator, "feature_names_in_", ()))
    names = named if len(named) == count else tuple(f"x{column}" for column in range(count))
    categories = dict(_categories(estimator, list(range(count))))
    strings = any(isinstance(value, str) for values in categories.values() for value in values)
    return Columns(names, categories, text=False, features=() if strings else named)


def first_step(estimator: Any) -> Any:
    """What sees the columns first: a pipeline is what its first step is."""
    while getattr(estimator, "steps", None):
        steps = [step for _, step in estimator.steps if step not in ("passthrough", None)]
        if not steps:
            return estimator
        estimator = steps[0]
    return estimator


def nested(estimator: Any) -> Iterator[Any]:
    """An estimator and all estimators in it, each once."""
    seen: set[int] = set()
    waiting = [estimator]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list | tuple) or (isinstance(part, np.ndarray) and part.dtype == object):
            waiting.extend(item for item in list(np.ravel(part) if isinstance(part, np.ndarray) else part))
        elif hasattr(part, "get_params") and hasattr(part, "__dict__"):
            yield part
            waiting.extend(vars(part).values())


def _categories(estimator: Any, columns: list[int]) -> Iterator[tuple[int, tuple[Any, ...]]]:
    step = first_step(estimator)
    if hasattr(step, "transformers_"):
        for name, transformer, _ in step.transformers_:
            used = step._transformer_to_input_indices.get(name, [])  # noqa: SLF001 # names became positions there
            if not isinstance(transformer, str):
                yield from _categories(transformer, [columns[index] for index in used])
    elif hasattr(step, "categories_"):
        for column, values in zip(columns, step.categories_, strict=False):
            yield column, tuple(value.item() if hasattr(value, "item") else value for value in values)
    elif hasattr(step, "statistics_"):
        filled = np.asarray(step.statistics_)
        for column, value in zip(columns, filled, strict=False):
            if isinstance(value, str):
                yield column, (value,)


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
