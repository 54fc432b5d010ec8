"""XGBoost models, run by XGBoost. The only module that serves with it.

The answers are those of the estimator that the model was saved from: a classifier gives labels and
probabilities, everything else gives what the booster predicts. XGBoost reads inputs as float32 itself, so
that is what is asked for. A run uses one thread and releases the interpreter lock; the server's own threads
run side by side.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import xgboost

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

PLATFORM = "xgboost"
_BINARY, _MULTI, _MULTI_LABELS = "binary:logistic", "multi:softprob", "multi:softmax"


class XGBoostEngine:
    """A loaded XGBoost model.

    Args:
        path: .json, .ubj or .bst; told apart by what is in it.
        parameters: which output is the answer.

    Raises:
        LoadFailure: UnsupportedFormat.
    """

    def __init__(self, path: Path, parameters: ModelParameters) -> None:
        self.booster = _load(path)
        learner = json.loads(self.booster.save_config())["learner"]
        self.objective: str = learner["objective"]["name"]
        if self.objective == _MULTI_LABELS:  # the same model, giving probabilities instead of labels
            self.booster.set_param({"objective": _MULTI})
            self.objective = _MULTI
        self.rounds = _rounds(self.booster)
        types = self.booster.feature_types or []
        self.categorical = "c" in types
        self._linear = learner["gradient_booster"]["name"] == "gblinear"
        self._signature = self._made_signature(parameters, path.name)

    @property
    def signature(self) -> Signature:
        """One matrix in; label and probabilities, or the prediction, out."""
        return self._signature

    def run(self, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """Run once; see Engine.run."""
        (rows,) = inputs.values()
        try:
            raw = self._predict(rows)
        except (xgboost.core.XGBoostError, ValueError):
            raise InvalidRequest("XGBoost cannot run on these inputs: send finite numbers or NaN") from None
        except Exception as error:
            raise EngineFailed(f"the engine failed: {type(error).__name__}") from error
        if PREDICTION in self._signature.output_by_name:
            return [as_datatype(raw, "FP32") for _ in outputs]
        return [_label(raw) if name == LABEL else _probabilities(raw) for name in outputs]

    def close(self) -> None:
        """Drop the booster; its memory goes with the last run that uses it."""
        del self.booster

    def _predict(self, rows: Array) -> Array:
        if self._linear or self.categorical:
            given = xgboost.DMatrix(
                rows,
                missing=np.nan,
                feature_types=self.booster.feature_types,
                feature_names=self.booster.feature_names,
                enable_categorical=True,
                nthread=1,
            )
            return np.asarray(self.booster.predict(given, iteration_range=self.rounds))
        return np.asarray(
            self.booster.inplace_predict(
                rows, iteration_range=self.rounds, missing=np.nan, validate_features=False
            )
        )

    def _made_signature(self, parameters: ModelParameters, name: str) -> Signature:
        columns = int(self.booster.num_features())
        raw = self._predict(np.zeros((1, columns), np.float32))
        if self.objective in (_BINARY, _MULTI):
            classes = 2 if raw.ndim == 1 else raw.shape[1]
            notes = noted(range(classes))  # the file has no other names for them
            outputs: tuple[TensorSpec, ...] = (
                TensorSpec(LABEL, "INT64", (-1,)),
                TensorSpec(PROBABILITIES, "FP32", (-1, classes)),
            )
        else:
            notes = {}
            outputs = (TensorSpec(PREDICTION, "FP32", (-1, *raw.shape[1:])),)
        return Signature(
            PLATFORM,
            (matrix(columns, "FP32"),),
            outputs,
            primary_output([spec.name for spec in outputs], parameters, name),
            tuple(self.booster.feature_names or ()),
            notes,
        )


def _load(path: Path) -> Any:
    content = path.read_bytes()
    booster = xgboost.Booster({"nthread": 1})
    # XGBoost ends the process over files that are not its own: they do not get there.
    if content[:1] == b"{" and b"learner" in content[:64]:
        try:
            booster.load_model(bytearray(content))
        except xgboost.core.XGBoostError:
            raise _unreadable(path) from None
        return booster
    raise _unreadable(path)


def _unreadable(path: Path) -> LoadFailure:
    return LoadFailure(
        Reason.UNSUPPORTED_FORMAT,
        f"XGBoost cannot read {path.name}: save the model as .json or .ubj with XGBoost 1.6 or newer",
    )


def _rounds(booster: Any) -> tuple[int, int]:
    """Where early stopping found its best, estimators stop; (0, 0) is all of it."""
    best = booster.attr("best_iteration")
    return (0, int(best) + 1) if best is not None else (0, 0)


def _probabilities(raw: Array) -> Array:
    if raw.ndim == 1:
        raw = np.vstack((np.float32(1.0) - raw, raw)).T
    return as_datatype(raw, "FP32")


def _label(raw: Array) -> Array:
    """A binary class needs more than one half, as in the estimator."""
    return (raw > 0.5).astype(np.int64) if raw.ndim == 1 else label_of(raw)  # noqa: PLR2004 # see above
