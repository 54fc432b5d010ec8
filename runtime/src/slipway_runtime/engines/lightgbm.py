"""LightGBM models, run by LightGBM. The only module that serves with it.

Its trees compare with float64 thresholds, so float64 is what is asked for: rounded to float32, a value at a
threshold would fall on the other side. A run uses one thread and releases the interpreter lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import lightgbm
import numpy as np

from slipway_runtime.engines.shapes import (
    LABEL,
    PREDICTION,
    PROBABILITIES,
    as_datatype,
    label_of,
    matrix,
    primary_output,
)
from slipway_runtime.errors import EngineFailed, InvalidRequest, LoadFailure, Reason
from slipway_runtime.protocol.class_labels import noted
from slipway_runtime.protocol.signature import Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from slipway_runtime.engines.parameters import ModelParameters
    from slipway_runtime.protocol.tensors import Array

PLATFORM = "lightgbm"
_CLASSIFIERS = ("binary", "multiclass", "multiclassova")


class LightGBMEngine:
    """A loaded LightGBM model.

    Args:
        path: the text that save_model writes.
        parameters: which output is the answer.

    Raises:
        LoadFailure: UnsupportedFormat.
    """

    def __init__(self, path: Path, parameters: ModelParameters) -> None:
        self.text = path.read_text(errors="replace")
        self._booster = _load(path.name, self.text)
        objective = _header(self.text, "objective").split(" ")[0]
        columns = self._booster.num_feature()
        raw = self._predict(np.zeros((1, columns)))
        if objective in _CLASSIFIERS:
            classes = 2 if raw.ndim == 1 else raw.shape[1]
            notes = noted(range(classes))  # the file has no other names for them
            outputs: tuple[TensorSpec, ...] = (
                TensorSpec(LABEL, "INT64", (-1,)),
                TensorSpec(PROBABILITIES, "FP64", (-1, classes)),
            )
        else:
            notes = {}
            outputs = (TensorSpec(PREDICTION, "FP64", (-1, *raw.shape[1:])),)
        self._signature = Signature(
            PLATFORM,
            (matrix(columns, "FP64"),),
            outputs,
            primary_output([spec.name for spec in outputs], parameters, path.name),
            tuple(self._booster.feature_name()),
            notes,
        )

    @property
    def signature(self) -> Signature:
        """One matrix in; label and probabilities, or the prediction, out."""
        return self._signature

    def run(self, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """Run once; see Engine.run."""
        (rows,) = inputs.values()
        try:
            raw = self._predict(rows)
        except (lightgbm.basic.LightGBMError, ValueError):
            raise InvalidRequest("LightGBM cannot run on these inputs: compare them with its data") from None
        except Exception as error:
            raise EngineFailed(f"the engine failed: {type(error).__name__}") from error
        if PREDICTION in self._signature.output_by_name:
            return [as_datatype(raw, "FP64") for _ in outputs]
        both = np.vstack((1.0 - raw, raw)).T if raw.ndim == 1 else raw
        return [label_of(both) if name == LABEL else as_datatype(both, "FP64") for name in outputs]

    def close(self) -> None:
        """Drop the booster; its memory goes with the last run that uses it."""
        del self._booster

    def _predict(self, rows: Array) -> Array:
        return np.asarray(self._booster.predict(rows, num_threads=1))


def _load(name: str, text: str) -> Any:
    try:
        return lightgbm.Booster(model_str=text)
    except Exception:  # noqa: BLE001 # it raises its own error, and others at odd places of its parser
        raise LoadFailure(
            Reason.UNSUPPORTED_FORMAT,
            f"LightGBM cannot read {name}: save the model with Booster.save_model",
        ) from None


def _header(text: str, key: str) -> str:
    for line in text.split("\n\n", 1)[0].splitlines():
        if line.startswith(key + "="):
            return line.partition("=")[2]
    return ""
