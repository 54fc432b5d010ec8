"""Two real models, trained on the spot: the iris data that scikit-learn carries, exported to ONNX.

Both estimators answer the same question with other numbers, so that whoever sees an answer can tell
which one gave it. What an answer must be comes from the estimator itself, never from the export.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAMPLES = 12
"""Flowers that the load asks about."""

INPUT = "X"


@dataclass(frozen=True, kw_only=True)
class Trained:
    """One model: its ONNX bytes, and what the estimator says of each sample row.

    `rows` has shape [SAMPLES, 4]; an entry of `outputs` holds `label` (one int) and
    `probabilities` (three floats) of one row.
    """

    name: str
    estimator: str
    onnx: bytes
    rows: Sequence[Sequence[float]]
    outputs: Sequence[dict[str, list[Any]]]

    @property
    def digest(self) -> str:
        """What `modelDigest` pins."""
        return f"sha256:{hashlib.sha256(self.onnx).hexdigest()}"


def train() -> tuple[Trained, Trained]:
    """Both models, in about a second."""
    # Imported here: scikit-learn takes seconds, and most commands of the demo do without it.
    from sklearn.datasets import load_iris  # noqa: PLC0415 - see above
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - see above
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - see above

    features, species = load_iris(return_X_y=True)
    rows = features[:: len(features) // SAMPLES][:SAMPLES]
    return (
        _trained("logistic", LogisticRegression(max_iter=500).fit(features, species), rows),
        _trained("forest", RandomForestClassifier(40, random_state=7).fit(features, species), rows),
    )


def _trained(name: str, estimator: Any, rows: Any) -> Trained:
    from skl2onnx import to_onnx  # noqa: PLC0415 - as above

    exported = to_onnx(estimator, rows[:1].astype("float32"), options={"zipmap": False})
    return Trained(
        name=name,
        estimator=type(estimator).__name__,
        onnx=exported.SerializeToString(),
        rows=rows.tolist(),
        outputs=[
            {"label": [int(label)], "probabilities": [float(p) for p in probabilities]}
            for label, probabilities in zip(
                estimator.predict(rows), estimator.predict_proba(rows), strict=True
            )
        ],
    )


def inputs(row: Sequence[float]) -> list[dict[str, Any]]:
    """The inputs of a V2 request about one flower."""
    return [{"name": INPUT, "shape": [1, len(row)], "datatype": "FP32", "data": list(row)}]


def expectations(model_name: str, models: Sequence[Trained]) -> dict[str, Any]:
    """What the load generator needs to ask a served model and to judge its answers."""
    return {
        "path": f"/v2/models/{model_name}/infer",
        "samples": [inputs(row) for row in models[0].rows],
        "models": [{"name": model.name, "outputs": list(model.outputs)} for model in models],
    }


def write_expectations(file: Path, model_name: str, models: Sequence[Trained]) -> Path:
    """Writes them where the load generator reads them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(expectations(model_name, models)))
    return file
