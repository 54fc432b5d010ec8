"""The fifth act: the same image serves what people have, a scikit-learn pickle and an XGBoost model.

Both are asked as a hand-written Flask service would be, in plain JSON. The one answers as `predict` does, the
other as `predict_proba`, because its manifest says so.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openloop.expect import same
from slipway_demo.example import Example
from slipway_demo.platform import ROOT
from slipway_demo.shell import DemoError
from slipway_demo.stage import Stage
from slipway_demo.store import put


@dataclass(frozen=True, kw_only=True)
class Native:
    """A model in the format of its library; `answers` are what its estimator says of `rows`."""

    estimator: str
    example: str
    file: str
    content: bytes
    rows: Sequence[Sequence[float]]
    answers: Any


def formats(stage: Stage) -> None:
    """Trains, stores, applies and asks each."""
    console = stage.console
    console.step("models as their libraries wrote them, served by the same image")
    for model in (_scikit_learn(), _xgboost()):
        example = Example(console, stage.shell, ROOT / "examples" / model.example)
        put(stage.cluster, model.content, f"{example.uri}/{model.file}")
        console.say(f"{model.estimator}, {len(model.content):,} bytes, {model.file}: {example.file}")
        example.apply()
        example.wait_ready()
        _compare(model, _ask(stage, example, model))
        console.say(f"POST {example.url}/{example.model_name}: all {len(model.rows)} answers equal")


def _scikit_learn() -> Native:
    # Imported here, as everywhere in the demo: these libraries take seconds.
    import joblib  # noqa: PLC0415 - see above
    from sklearn.datasets import load_iris  # noqa: PLC0415 - see above
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - see above

    features, species = load_iris(return_X_y=True)
    features = features.astype("float32")
    estimator = RandomForestClassifier(20, random_state=7).fit(features, species)
    pickled = io.BytesIO()
    joblib.dump(estimator, pickled)
    rows = features[::15]
    return Native(
        estimator="RandomForestClassifier",
        example="sklearn.yaml",
        file="model.pkl",
        content=pickled.getvalue(),
        rows=rows.tolist(),
        answers=estimator.predict_proba(rows).tolist(),
    )


def _xgboost() -> Native:
    from sklearn.datasets import load_breast_cancer  # noqa: PLC0415 - as above
    from xgboost import XGBClassifier  # noqa: PLC0415 - as above

    features, malignant = load_breast_cancer(return_X_y=True)
    estimator = XGBClassifier(n_estimators=20, max_depth=3, n_jobs=1).fit(features, malignant)
    with tempfile.TemporaryDirectory(prefix="slipway-demo-") as folder:
        file = Path(folder) / "model.ubj"
        estimator.save_model(file)
        content = file.read_bytes()
    rows = features[::57]
    return Native(
        estimator="XGBClassifier",
        example="xgboost.yaml",
        file="model.ubj",
        content=content,
        rows=rows.tolist(),
        answers=estimator.predict(rows).tolist(),
    )


def _ask(stage: Stage, example: Example, model: Native) -> Any:
    script = str(Path(__file__).with_name("ask.py"))
    url = f"{example.url}/{example.model_name}"
    body = json.dumps([{"features": model.rows}])
    [answer] = json.loads(stage.shell.read(*stage.cluster.inside(sys.executable, script, url), text=body))
    return answer[example.model_name]


def _compare(model: Native, served: Any) -> None:
    if not same({"answers": _flat(model.answers)}, {"answers": _flat(served)}):
        raise DemoError(f"{model.estimator} says {model.answers}, the served model {served}")


def _flat(values: Any) -> list[Any]:
    return [one for value in values for one in _flat(value)] if isinstance(values, list) else [values]
