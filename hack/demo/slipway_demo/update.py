"""The fourth act: the second model replaces the first while requests run, and none fails.

Blue-green with a gate: the second model comes up beside the first, answers on the preview address alone, is
asked there, and takes over all traffic when it is promoted.
"""

from __future__ import annotations

import threading
from typing import Any

from openloop.session import Rates
from slipway_demo.console import Console
from slipway_demo.example import Example
from slipway_demo.models import Trained, write_expectations
from slipway_demo.serve import ask, compare
from slipway_demo.shell import DemoError
from slipway_demo.stage import Stage

RATES = Rates(new=120, keep=180, requests=6_000, seconds=240)
TOLD_EVERY = 1_500
GATED = {"type": "BlueGreen", "blueGreen": {"autoPromotionEnabled": False, "scaleDownDelaySeconds": 5}}


def update(stage: Stage, example: Example, models: tuple[Trained, Trained], uri: str) -> dict[str, Any]:
    """Runs the load, applies `uri` (the second model) in the middle; returns the load's report."""
    console = stage.console
    console.step(
        f"a blue-green update under load: {RATES.new + RATES.keep:g} requests/s, "
        f"{RATES.new:g} over new connections, {RATES.keep:g} over kept ones"
    )
    write_expectations(stage.expectations, example.model_name, models)
    progress = _Progress(console)
    session = stage.load(example.url, RATES, "update", progress)
    with session as load:
        progress.wait_for(RATES.new + RATES.keep)
        load.mark(f"kubectl apply: {models[1].estimator} in place of {models[0].estimator}")
        console.say(f"{console.elapsed()}: kubectl apply with modelUri {uri} and a gate")
        # The promote of an earlier demo would open the gate by itself: it names this very revision.
        example.kubectl("annotate", "mdep", example.name, "slipway.dev/promote-")
        example.apply_model(uri, strategy=GATED)
        preview = _await_gate(example)
        load.mark("at the gate")
        answers = ask(stage, preview["previewUrl"], example.model_name, models[1])
        compare(models[1], answers)
        revision = preview["previewRevision"]
        console.say(f"all {len(answers)} answers right on {preview['previewUrl']}, nowhere else yet")
        load.mark("promoted")
        console.say(
            f"{console.elapsed()}: kubectl annotate mdep {example.name} slipway.dev/promote={revision}"
        )
        example.kubectl("annotate", "--overwrite", "mdep", example.name, f"slipway.dev/promote={revision}")
        seconds = example.wait_ready()
        load.mark("Ready")
        console.say(f"Ready after {seconds:.1f} s; the old pods stay for a while, then finish their drain")
        example.kubectl("wait", "pods", "--selector=" + _old(example), "--for=delete", "--timeout=60s")
        load.mark("the old pods are gone")
    console.say(session.summary)
    _judge(session.report)
    return session.report


def _await_gate(example: Example) -> dict[str, Any]:
    """The predictor's status, once the new revision is up and waits for a person. Raises DemoError."""
    gate = "--for=jsonpath={.status.conditions[?(@.type=='Ready')].reason}=AwaitingPromotion"
    example.kubectl("wait", f"mdep/{example.name}", gate, "--timeout=120s")
    found: dict[str, Any] = example.status()["predictors"][0]
    return found


def _old(example: Example) -> str:
    """The pods of every revision but the active one."""
    active = example.status()["predictors"][0]["activeRevision"]
    return f"slipway.dev/modeldeployment={example.name},slipway.dev/revision!={active}"


def _judge(report: dict[str, Any]) -> None:
    if report["failed"]:
        raise DemoError(f"{report['failed']} of {report['requests']} requests failed: this must not happen")
    if len(report["revisions"]) < len({"first", "second"}):
        raise DemoError("all answers came from one revision: the update did not reach the clients")


class _Progress:
    """Prints how far the load is, now and then, and lets the demo wait for its first requests."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told = 0
        self._news = threading.Condition()
        self._requests = 0

    def __call__(self, requests: int, failed: int) -> None:
        with self._news:
            self._requests = requests
            self._news.notify_all()
        if requests - self._told >= TOLD_EVERY:
            self._told = requests
            self._console.say(f"{self._console.elapsed()}: {requests:,} requests, {failed} failed")

    def wait_for(self, requests: float) -> None:
        """Returns once so many have been answered. Raises DemoError after half a minute."""
        with self._news:
            if not self._news.wait_for(lambda: self._requests >= requests, timeout=30):
                raise DemoError(
                    f"the load has sent {self._requests} requests in 30 s, expected {requests:g} in 1 s"
                )
