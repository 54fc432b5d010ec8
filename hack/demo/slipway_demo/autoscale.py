"""The sixth act: an autoscaler sees the load and adds pods; without load it will take them away."""

from __future__ import annotations

import json
import time
from typing import Any

from openloop.session import Rates
from slipway_demo.console import Console
from slipway_demo.example import Example
from slipway_demo.shell import DemoError
from slipway_demo.stage import Stage

RATES = Rates(new=0, keep=500, requests=1_000, seconds=180)
REACTS_WITHIN = 120.0
EVERY = 2.0

PREDICTOR: dict[str, Any] = {
    "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}},
    "hpaSpec": {
        "minReplicas": 2,
        "maxReplicas": 4,
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
            }
        ],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 15}},
    },
}


def autoscale(stage: Stage, example: Example, uri: str) -> None:
    """Gives the model an autoscaler, then load until it reacts."""
    console = stage.console
    console.step(f"an autoscaler under load: {RATES.keep:g} requests/s, target 50 % of 50m CPU, 2 to 4 pods")
    example.apply_model(uri, **PREDICTOR)
    example.wait_ready()
    session = stage.load(example.url, RATES, "autoscale")
    with session:
        _watch(console, example)
    console.say(session.summary.splitlines()[0])
    if session.report["failed"]:
        raise DemoError(
            f"{session.report['failed']} requests failed while pods were added: this must not happen"
        )


def _watch(console: Console, example: Example) -> None:
    """Shows each change of the autoscaler's view until there are more pods than at first."""
    begin, seen = console.seconds(), ""
    while console.seconds() - begin < REACTS_WITHIN:
        [scaler] = json.loads(example.kubectl("get", "hpa", "--output=json"))["items"]
        line = _line(scaler["status"])
        if line != seen:
            console.say(f"{console.elapsed()}: {line}")
            seen = line
        if example.status().get("readyReplicas", 0) > PREDICTOR["hpaSpec"]["minReplicas"]:
            console.say(example.state())
            return
        time.sleep(EVERY)
    raise DemoError(f"the autoscaler added no pod within {REACTS_WITHIN:g} s of load; last seen: {seen}")


def _line(status: dict[str, Any]) -> str:
    current = [
        metric["resource"]["current"] for metric in status.get("currentMetrics") or [] if "resource" in metric
    ]
    used = current[0].get("averageUtilization") if current else None
    cpu = "no CPU figures yet" if used is None else f"CPU at {used} % of what is asked for"
    return f"{cpu}, {status.get('currentReplicas', 0)} pods, {status.get('desiredReplicas', 0)} wanted"
