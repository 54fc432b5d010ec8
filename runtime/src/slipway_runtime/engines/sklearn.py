"""scikit-learn estimators, run by scikit-learn. The only module that serves with it.

The estimator's own methods give the answers; nothing is computed beside them. A model of numbers takes one
float64 matrix; one that encodes strings takes its columns one by one, each by its name. Nested estimators
get one thread each and lose their columns' names: the server's threads run side by side, and a matrix
without names is no reason for a warning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import threadpoolctl

from slipway_runtime.engines.parameters import DECISION_FUNCTION
from slipway_runtime.engines.shapes import (
    LABEL,
    PREDICTION,
    PROBABILITIES,
    SCORES,
    as_datatype,
    label_datatype,
    primary_output,
)
from slipway_runtime.engines.sklearn_columns import Columns, columns_of, nested
from slipway_runtime.errors import EngineFailed, InvalidRequest, LoadFailure, Reason
from slipway_runtime.protocol.class_labels import noted
from slipway_runtime.protocol.signature import Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from slipway_runtime.engines.parameters import ModelParameters
    from slipway_runtime.protocol.tensors import Array

PLATFORM = "scikit-learn"


class SklearnEngine:
    """A fitted estimator.

    Args:
        estimator: it has predict.
        parameters: which of its methods is the answer.

    Raises:
        LoadFailure: UnsupportedFormat; it is not fitted, has no predict, or not the method asked for.
    """

    def __init__(self, estimator: Any, parameters: ModelParameters) -> None:
        what = type(estimator).__name__
        if not callable(getattr(estimator, "predict", None)):
            raise _refusal(f"the object is a {what}: served are estimators with a method predict")
        self.estimator = estimator
        self.columns: Columns = columns_of(estimator)
        _settle(estimator)
        threadpoolctl.threadpool_limits(1)
        self._methods = _methods(estimator, parameters)
        outputs = tuple(self._output(name) for name in self._methods)
        self._datatypes = {spec.name: spec.datatype for spec in outputs}
        self._signature = Signature(
            PLATFORM,
            self.columns.inputs,
            outputs,
            primary_output([spec.name for spec in outputs], parameters, f"a {what}"),
            self.columns.features,
            _classes(estimator) if PROBABILITIES in self._methods else {},
        )

    @property
    def signature(self) -> Signature:
        """What the estimator takes, and an output for each of its methods."""
        return self._signature

    def run(self, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """Run once; see Engine.run."""
        rows = self.columns.rows(inputs)
        try:
            return [
                as_datatype(np.asarray(self._methods[name](rows)), self._datatypes[name]) for name in outputs
            ]
        except (ValueError, TypeError) as error:
            raise InvalidRequest(_said(error)) from None  # its text may hold values
        except Exception as error:
            raise EngineFailed(f"the engine failed: {type(error).__name__}") from error

    def close(self) -> None:
        """Drop the estimator; its memory goes with the last run that uses it."""
        self._methods = {}
        del self.estimator

    def _output(self, name: str) -> TensorSpec:
        try:
            answer = np.asarray(self._methods[name](self.columns.example()))
        except Exception as error:  # noqa: BLE001 # whatever a stranger's estimator raises
            raise _refusal(
                f"its method for {name} fails on a row of zeros ({type(error).__name__}): is it fitted, and "
                "with this version of scikit-learn?"
            ) from None
        datatype = "FP64" if name != LABEL else label_datatype(getattr(self.estimator, "classes_", answer))
        return TensorSpec(name, datatype, (-1, *answer.shape[1:]))


def _methods(estimator: Any, parameters: ModelParameters) -> dict[str, Callable[[Any], Any]]:
    """Output name to method: labels and what they come from, or the one prediction."""
    kind = _kind(estimator)
    if kind not in ("classifier", "clusterer", "outlier_detector"):
        return {PREDICTION: estimator.predict}
    methods: dict[str, Callable[[Any], Any]] = {LABEL: estimator.predict}
    if parameters.method == DECISION_FUNCTION and hasattr(estimator, "decision_function"):
        methods[SCORES] = estimator.decision_function
    elif hasattr(estimator, "predict_proba") and not isinstance(getattr(estimator, "classes_", None), list):
        methods[PROBABILITIES] = estimator.predict_proba
    return methods


def _classes(estimator: Any) -> dict[str, str]:
    """The note of its classes; a stranger's classifier may tell none."""
    classes = getattr(estimator, "classes_", None)
    return {} if classes is None else noted(np.asarray(classes).tolist())


def _kind(estimator: Any) -> str:
    """Classifier, regressor, clusterer or outlier_detector, as scikit-learn's tags have it."""
    from sklearn.utils import get_tags  # noqa: PLC0415 # a second of imports, paid by who needs it

    try:
        return str(get_tags(estimator).estimator_type)
    except Exception:  # noqa: BLE001 # an old pickle or a stranger's class without tags
        return "classifier" if hasattr(estimator, "classes_") else "regressor"


def _settle(estimator: Any) -> None:
    for part in nested(estimator):
        if hasattr(part, "_transformer_to_input_indices"):
            _by_position(part)
        if getattr(part, "n_jobs", None) is not None:
            part.n_jobs = 1
        part.__dict__.pop("feature_names_in_", None)


def _by_position(transformer: Any) -> None:
    """Let a ColumnTransformer find its columns by position: a matrix has no names."""
    positions = transformer._transformer_to_input_indices  # noqa: SLF001 # where fitting put them
    transformer.transformers_ = [
        (name, part, positions[name][0] if isinstance(columns, str) else list(positions[name]))
        for name, part, columns in transformer.transformers_
    ]


def _said(error: Exception) -> str:
    text = str(error)
    if "NaN" in text:
        return "the model takes no missing values (NaN): fill them in before"
    if "infinity" in text or "too large" in text:
        return "the model takes finite numbers only, within the range of its type"
    return "the model refuses these values: compare them with what it was trained on"


def _refusal(message: str) -> LoadFailure:
    return LoadFailure(Reason.UNSUPPORTED_FORMAT, message)
