"""scikit-learn estimators as sources of a conversion."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from slipway_runtime.engines.convert.crossings import crossings
from slipway_runtime.engines.convert.probes import bounds, ordinary, with_categories
from slipway_runtime.engines.convert.source import MOST_ROWS, Probe
from slipway_runtime.engines.convert.trees import Splits, around, ranges, sklearn_trees, splits
from slipway_runtime.engines.shapes import MATRIX, PROBABILITIES, SCORES
from slipway_runtime.engines.sklearn import SklearnEngine
from slipway_runtime.engines.sklearn_columns import nested

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway_runtime.engines.parameters import ModelParameters
    from slipway_runtime.protocol.tensors import Array

_OPSETS = {"": 18, "ai.onnx.ml": 3}  # the newest that every converter of skl2onnx knows
_NEVER = {
    "HistGradientBoostingClassifier": "its bins are float64 and its conversion is wrong on ordinary rows",
    "HistGradientBoostingRegressor": "its bins are float64 and its conversion is wrong on ordinary rows",
}


class SklearnSource:
    """A fitted estimator."""

    library = "scikit-learn"

    def __init__(self, estimator: Any, parameters: ModelParameters) -> None:
        self.estimator = estimator
        self.engine = SklearnEngine(estimator, parameters)
        self.columns = self.engine.columns
        self.categories: Mapping[int, tuple[Any, ...]] = self.columns.categories

    def refusal(self) -> str:
        """What is known not to convert."""
        for part in nested(self.estimator):
            name = type(part).__name__
            if name in _NEVER:
                return f"it holds a {name}: {_NEVER[name]}"
        return "it takes texts" if self.columns.text else ""

    def probes(self, random: np.random.Generator) -> list[Probe]:
        """Ordinary rows, and every threshold of its trees, seen through what stands before them."""
        columns = len(self.columns.names)
        trees = sklearn_trees(self.estimator)
        before = _before_the_last(self.estimator)
        limits = ranges(trees, columns) if before is None else np.full((2, columns), np.nan)
        rows = ordinary(*bounds(self.estimator, columns, limits), random)
        table = with_categories(rows, self.categories, random)
        found = [Probe("on ordinary rows", self._inputs(table))]
        if not trees:
            return found
        if before is None:
            steps = splits(trees, rows, MOST_ROWS // 6, random)
        else:
            steps = crossings(
                before.transform, table, trees, self.columns.categories, most=MOST_ROWS // 12, random=random
            )
        at_thresholds = around(Splits(steps.rows, steps.column, steps.threshold))
        return [*found, Probe("at the thresholds of its trees", self._inputs(at_thresholds))]

    def scores(self, inputs: Mapping[str, Array]) -> Array | None:
        """Probabilities or decision values, of a classifier."""
        for name in (PROBABILITIES, SCORES):
            if name in self.engine.signature.output_by_name:
                return self.engine.run(inputs, [name])[0]
        decide = getattr(self.estimator, "decision_function", None)
        return None if decide is None else np.asarray(decide(self.columns.rows(inputs)))

    def to_onnx(self) -> Any:
        """By skl2onnx, from float32."""
        from skl2onnx import convert_sklearn  # noqa: PLC0415 # seconds of imports
        from skl2onnx.common.data_types import FloatTensorType, StringTensorType  # noqa: PLC0415 # likewise

        strings = self.columns.strings
        if strings:
            types = [
                (name, StringTensorType([None, 1]) if column in strings else FloatTensorType([None, 1]))
                for column, name in enumerate(self.columns.names)
            ]
        else:
            types = [("rows", FloatTensorType([None, len(self.columns.names)]))]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            options = self._options()
            try:
                return convert_sklearn(
                    self.estimator, initial_types=types, options=options, target_opset=_OPSETS
                )
            except NameError:  # a converter that knows none of the options: it makes tensors anyway
                return convert_sklearn(self.estimator, initial_types=types, target_opset=_OPSETS)

    def _options(self) -> dict[Any, Any]:
        last = self.estimator
        while getattr(last, "steps", None):
            last = last.steps[-1][1]
        if not hasattr(last, "classes_"):
            return {}
        outputs = self.engine.signature.output_by_name
        if len(outputs) == 1 and not hasattr(last, "decision_function"):
            return {}
        return {id(last): {"zipmap": False, **({"raw_scores": True} if SCORES in outputs else {})}}

    def _inputs(self, table: Array) -> dict[str, Array]:
        """Rows as the engine's inputs."""
        if not self.columns.strings:
            return {MATRIX: np.ascontiguousarray(table, np.float64)}
        return {
            name: table[:, [column]]
            if column in self.columns.strings
            else table[:, [column]].astype(np.float64)
            for column, name in enumerate(self.columns.names)
        }


def _before_the_last(estimator: Any) -> Any:
    """The part of a pipeline that changes columns before the estimator sees them; None without one."""
    steps = getattr(estimator, "steps", None)
    if not steps or all(step in ("passthrough", None) for _, step in steps[:-1]):
        return None
    return estimator[:-1]
