"""The command line of the demo, and the order of its acts."""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

from slipway_demo.autoscale import autoscale
from slipway_demo.console import Console
from slipway_demo.example import Example
from slipway_demo.formats import formats
from slipway_demo.install import install
from slipway_demo.models import train
from slipway_demo.next_steps import next_steps
from slipway_demo.platform import LocalCluster
from slipway_demo.serve import serve
from slipway_demo.shell import DemoError, Shell
from slipway_demo.stage import Stage
from slipway_demo.store import store
from slipway_demo.update import update

INTERRUPTED = 130


def main() -> int:
    """Runs the demo, or removes it; the exit status."""
    options = _parser().parse_args()
    console = Console()
    shell = Shell(console)
    stage = Stage(console=console, shell=shell, cluster=LocalCluster(shell), folder=folder())
    try:
        clean(stage) if options.clean else play(stage)
    except DemoError as error:
        console.blank()
        console.step(f"demo: {error}")
        return 1
    except KeyboardInterrupt:
        console.blank()
        console.step("demo: interrupted; `make demo` goes on from here, `make demo-clean` removes all of it")
        return INTERRUPTED
    return 0


def play(stage: Stage) -> None:
    """All acts."""
    console = stage.console
    install(stage)
    example = Example(console, stage.shell)
    console.step("two models of the iris data, trained here and exported to ONNX")
    models = train()
    second = sibling(example.uri)
    for model, uri in zip(models, (example.uri, second), strict=True):
        store(stage.cluster, model, uri)
        console.say(f"{model.estimator}, {len(model.onnx):,} bytes, in {uri}")
    serve(stage, example, models[0])
    report = update(stage, example, models, second)
    formats(stage)
    autoscale(stage, example, second)
    requests, failed = report["requests"], report["failed"]
    console.step(f"done in {console.elapsed()}: {requests:,} requests during the update, {failed} failed")
    console.blank()
    print(next_steps(example, list(models[0].rows[0])))


def clean(stage: Stage) -> None:
    """Removes the cluster and the demo's files."""
    stage.console.step("removing the demo's cluster and files")
    stage.cluster.down()
    shutil.rmtree(stage.folder, ignore_errors=True)
    stage.console.step("gone; .venv and the cache of built binaries stay, for the next time")


def folder() -> Path:
    """Where the demo keeps expectations and reports."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(os.environ.get("SLIPWAY_STATE") or Path(state) / "slipway") / "demo"


def sibling(uri: str) -> str:
    """Where the next model lies: `s3://models/iris/4` after `s3://models/iris/3`."""
    parent, _, last = uri.rstrip("/").rpartition("/")
    return f"{parent}/{int(last) + 1}" if last.isdecimal() else f"{parent}/{last}-next"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hack/demo/demo",
        description="From a bare machine to a model that is replaced under load: about ten minutes the first "
        "time (Kubernetes is built from source), two or three afterwards.",
    )
    parser.add_argument("--clean", action="store_true", help="remove the demo's cluster and files")
    return parser
