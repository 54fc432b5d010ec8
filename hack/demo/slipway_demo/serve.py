"""The third act: the example is applied, gets Ready, and answers as the estimator does."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from openloop.expect import same
from slipway_demo.example import NAMESPACE, Example
from slipway_demo.models import Trained, inputs
from slipway_demo.shell import DemoError, Shell
from slipway_demo.stage import Stage
from slipway_demo.store import share_credentials

SHOWN = 4
SPECIES = ("setosa", "versicolor", "virginica")


def serve(stage: Stage, example: Example, model: Trained) -> None:
    """Namespace, credentials, `kubectl apply`, Ready, predictions."""
    console = stage.console
    make_namespace(stage.shell)
    share_credentials(stage.shell, NAMESPACE)
    console.step(f"kubectl apply -f {example.file}")
    example.apply()
    console.say(f"Ready after {example.wait_ready():.1f} s")
    console.step(f"predictions through {example.url}, beside the estimator's own")
    answers = ask(stage, example.url, example.model_name, model)
    console.say(compare(model, answers))


def make_namespace(shell: Shell) -> None:
    """The demo's namespace, which admits restricted pods only."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}
    shell.read("kubectl", "apply", "--server-side", "--filename=-", text=json.dumps(namespace))


def ask(stage: Stage, address: str, model_name: str, model: Trained) -> list[dict[str, Any]]:
    """The served model's answers to all sample rows."""
    url = f"{address}/v2/models/{model_name}/infer"
    bodies = [{"inputs": inputs(row)} for row in model.rows]
    script = str(Path(__file__).with_name("ask.py"))
    answers: list[dict[str, Any]] = json.loads(
        stage.shell.read(*stage.cluster.inside(sys.executable, script, url), text=json.dumps(bodies))
    )
    return answers


def compare(model: Trained, answers: Sequence[Mapping[str, Any]]) -> str:
    """A table of some rows. Raises DemoError at the first answer that is not the estimator's."""
    lines = [f"{'petals and sepals in cm':24}{model.estimator:>28}{'served':>28}  species"]
    for row, expected, answer in zip(model.rows, model.outputs, answers, strict=True):
        served = {output["name"]: output["data"] for output in answer["outputs"]}
        if not same(expected, served):
            raise DemoError(f"asked about {row}, the estimator says {expected}, the served model {served}")
        numbers = " ".join(f"{value:.1f}" for value in row)
        own, got = (_percent(one["probabilities"]) for one in (expected, served))
        lines.append(f"{numbers:24}{own:>28}{got:>28}  {SPECIES[served['label'][0]]}")
    step = max(1, len(answers) // SHOWN)
    revision = answers[0]["revision"]
    return "\n".join(
        [lines[0], *lines[1::step], f"all {len(answers)} equal, answered by revision {revision}"]
    )


def _percent(probabilities: Sequence[float]) -> str:
    return " ".join(f"{probability:8.3%}" for probability in probabilities)
