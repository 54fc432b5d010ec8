"""A converted model in ONNX Runtime, with the checks that its own library would have made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from slipway_runtime.engines.onnx import OnnxEngine
from slipway_runtime.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from slipway_runtime.engines.verdict import Verdict
    from slipway_runtime.protocol.signature import Signature
    from slipway_runtime.protocol.tensors import Array


class ConvertedEngine:
    """An ONNX model that was something else before.

    Args:
        path: the converted model.
        verdict: what the conversion found.
        threads: intra-op threads of one run.

    Raises:
        LoadFailure: as OnnxEngine.
    """

    def __init__(self, path: Path, verdict: Verdict, threads: int = 1) -> None:
        self._engine = OnnxEngine(path, threads)
        found = self._engine.signature
        primary = verdict.primary if verdict.primary in found.output_by_name else ""
        self._signature = replace(
            found, primary=primary, features=verdict.features, notes=dict(verdict.notes)
        )
        self._checked = verdict.finite
        self._known = [(name, column, frozenset(values)) for name, column, values in verdict.known]
        self._floats = [spec.name for spec in found.inputs if spec.datatype == "FP32"]

    @property
    def signature(self) -> Signature:
        """Names, datatypes and shapes as the model's own library has them."""
        return self._signature

    def run(self, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """Run once; see Engine.run."""
        if self._checked:
            for name in self._floats:
                if not np.isfinite(inputs[name]).all():
                    _check_finite(inputs[name], self._checked)
        for name, column, values in self._known:
            _check_known(inputs[name][:, column], values, name, column)
        return self._engine.run(inputs, outputs)

    def close(self) -> None:
        """Drop the session."""
        self._engine.close()


def _check_finite(values: Array, checked: str) -> None:
    if "n" in checked and np.isnan(values).any():
        raise InvalidRequest("the model takes no missing values (NaN): fill them in before")
    if "i" in checked and np.isinf(values).any():
        raise InvalidRequest("the model takes finite numbers only, within the range of its type")


def _check_known(values: Array, known: frozenset[str | float], name: str, column: int) -> None:
    for value in set(values.tolist()):
        plain = value.decode(errors="replace") if isinstance(value, bytes) else value
        if plain not in known:
            raise InvalidRequest(
                f"input '{name}' has a category in column {column} that was not in the model's training"
            )
