"""XGBoost and LightGBM models as sources of a conversion."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from slipway_runtime.engines.convert.probes import bounds, ordinary
from slipway_runtime.engines.convert.source import MOST_ROWS, Probe
from slipway_runtime.engines.convert.trees import Tree, around, lightgbm_trees, ranges, splits, xgboost_trees
from slipway_runtime.engines.shapes import MATRIX, PROBABILITIES
from slipway_runtime.protocol.tensors import DTYPES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from slipway_runtime.engines.engine import Engine
    from slipway_runtime.engines.parameters import ModelParameters
    from slipway_runtime.protocol.tensors import Array


class _Boosted:
    """What both have in common: a matrix of numbers, trees, no encoders."""

    library = ""
    categories: Mapping[int, tuple[Any, ...]] = {}

    def __init__(self, engine: Engine, trees: list[Tree]) -> None:
        self.engine = engine
        self._trees = trees

    def probes(self, random: np.random.Generator) -> list[Probe]:
        """Ordinary rows, and every threshold."""
        (spec,) = self.engine.signature.inputs
        columns, dtype = spec.shape[1], DTYPES[spec.datatype]
        low, high = bounds(None, columns, ranges(self._trees, columns))
        rows = ordinary(low, high, random)
        at_thresholds = around(splits(self._trees, rows, MOST_ROWS // 6, random))
        with np.errstate(over="ignore"):
            return [
                Probe("on ordinary rows", {MATRIX: rows.astype(dtype)}),
                Probe("at the thresholds of its trees", {MATRIX: at_thresholds.astype(dtype)}),
            ]

    def scores(self, inputs: Mapping[str, Array]) -> Array | None:
        """Probabilities, of a classifier."""
        if PROBABILITIES not in self.engine.signature.output_by_name:
            return None
        return self.engine.run(inputs, [PROBABILITIES])[0]


class XGBoostSource(_Boosted):
    """An XGBoost model."""

    library = "xgboost"

    def __init__(self, path: Path, parameters: ModelParameters) -> None:
        from slipway_runtime.engines.xgboost import XGBoostEngine  # noqa: PLC0415 # only who has such a model

        self.native = XGBoostEngine(path, parameters)
        super().__init__(self.native, xgboost_trees(self.native.booster))

    def refusal(self) -> str:
        """Categories and linear boosters are not converted."""
        if self.native.categorical:
            return "it splits on categories"
        return "" if self._trees else "it has no trees"

    def to_onnx(self) -> Any:
        """By onnxmltools, which wants columns called f0, f1 and so on."""
        from onnxmltools import convert_xgboost  # noqa: PLC0415 # seconds of imports
        from onnxmltools.convert.common.data_types import FloatTensorType  # noqa: PLC0415 # likewise

        booster = copy.copy(self.native.booster)
        if self.native.rounds != (0, 0):
            booster = booster[: self.native.rounds[1]]
        booster.feature_names = None
        columns = self.engine.signature.inputs[0].shape[1]
        return convert_xgboost(booster, initial_types=[("rows", FloatTensorType([None, columns]))])


class LightGBMSource(_Boosted):
    """A LightGBM model."""

    library = "lightgbm"

    def __init__(self, path: Path, parameters: ModelParameters) -> None:
        from slipway_runtime.engines.lightgbm import LightGBMEngine  # noqa: PLC0415 # only who has such a model

        self.native = LightGBMEngine(path, parameters)
        super().__init__(self.native, lightgbm_trees(self.native.text))

    def refusal(self) -> str:
        """Categories are not converted. Float64 thresholds are for the gate to find."""
        kinds = re.findall(r"^decision_type=(.*)$", self.native.text, re.MULTILINE)
        on_categories = any(int(kind) & 1 for line in kinds for kind in line.split())
        return "it splits on categories" if on_categories else ""

    def to_onnx(self) -> Any:
        """By onnxmltools."""
        import lightgbm  # noqa: PLC0415 # only who has such a model
        from onnxmltools import convert_lightgbm  # noqa: PLC0415 # seconds of imports
        from onnxmltools.convert.common.data_types import FloatTensorType  # noqa: PLC0415 # likewise

        columns = self.engine.signature.inputs[0].shape[1]
        booster = lightgbm.Booster(model_str=self.native.text)
        return convert_lightgbm(
            booster, initial_types=[("rows", FloatTensorType([None, columns]))], zipmap=False
        )
