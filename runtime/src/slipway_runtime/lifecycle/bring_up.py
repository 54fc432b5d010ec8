"""From a URI or a folder to a model that is ready: pull, load, warm up. Runs on a thread of its own.

A folder that the puller filled says where it came from and how long that took, so the server's metrics tell
it too, although the pull happened in another container.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from slipway_runtime.engines.load import Wanted, load
from slipway_runtime.engines.parameters import ModelParameters
from slipway_runtime.engines.warm_up import INLINE_SECONDS, INLINE_SECONDS_ON_ONE_CPU, WarmUp, warm_up
from slipway_runtime.errors import LoadFailure, Reason
from slipway_runtime.lifecycle.state import Lifecycle, ModelState
from slipway_runtime.scheduling.cpus import available_cpus
from slipway_runtime.storage.localize import recorded, unfinished

if TYPE_CHECKING:
    from slipway_runtime.engines.engine import Engine
    from slipway_runtime.storage.pull import Puller
    from slipway_runtime.telemetry.metrics import Metrics

_LOG = logging.getLogger(__name__)


class Plan(NamedTuple):
    """What to bring up.

    Attributes:
        folder: where the model is, or where it is pulled to.
        implementation: its format, or AUTO.
        uri: pulled first unless empty.
        digest: the pin of that pull.
        parameters: what the model was asked to be.
        converted: where its conversion lies already, if one does.
        intra_op_threads: inside one run.
    """

    folder: Path
    implementation: str
    uri: str = ""
    digest: str = ""
    parameters: ModelParameters = ModelParameters()
    converted: Path | None = None
    intra_op_threads: int = 1


def bring_up(plan: Plan, lifecycle: Lifecycle, puller: Puller, metrics: Metrics) -> tuple[Engine, WarmUp]:
    """Pull if asked to, load, warm up.

    Raises:
        Failure: why the model cannot be served.
    """
    if plan.uri:
        lifecycle.advance(ModelState.PULLING)
        puller.pull(plan.uri, plan.folder, plan.digest)
    lifecycle.advance(ModelState.LOADING)
    if unfinished(plan.folder):
        raise LoadFailure(
            Reason.NOT_FOUND, f"the pull into '{plan.folder}' was cut off: run slipway-runtime pull again"
        )
    started = time.perf_counter()
    wanted = Wanted(plan.folder, plan.implementation, plan.parameters, plan.converted)
    engine = load(wanted, plan.intra_op_threads)
    alone = available_cpus() == 1
    warmed = warm_up(engine, inline_seconds=INLINE_SECONDS_ON_ONE_CPU if alone else INLINE_SECONDS)
    metrics.load_seconds = round(time.perf_counter() - started, 6)
    if not warmed.ran:
        _LOG.warning(
            "no made-up input fits the model: served without a warm-up", extra={"folder": str(plan.folder)}
        )
    _tell(plan, engine, metrics)
    return engine, warmed


def _tell(plan: Plan, engine: Engine, metrics: Metrics) -> None:
    metrics.facts["platform"] = engine.signature.platform
    artifact = recorded(plan.folder)
    if artifact:
        metrics.pull_seconds = artifact.seconds
        metrics.facts["digest"] = artifact.digest
