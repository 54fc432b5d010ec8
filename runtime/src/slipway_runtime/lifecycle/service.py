"""From a warm engine to a model that serves: what may share runs, the threads, the scheduler.

`trial` runs on the thread that brought the model up, `into_service` on the event loop.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from slipway_runtime.lifecycle.model import Loaded
from slipway_runtime.scheduling.batching import Batching
from slipway_runtime.scheduling.cpus import available_cpus
from slipway_runtime.scheduling.executor import Executor
from slipway_runtime.scheduling.inline import InlineLimit
from slipway_runtime.scheduling.scheduler import Scheduler
from slipway_runtime.scheduling.trial import Trial

if TYPE_CHECKING:
    import asyncio

    from slipway_runtime.engines.engine import Engine
    from slipway_runtime.engines.warm_up import WarmUp
    from slipway_runtime.lifecycle.model import Model
    from slipway_runtime.telemetry.metrics import Metrics

SLOW_SECONDS = 0.5  # a model that takes so long for a row would be tried for a minute
_LOG = logging.getLogger(__name__)


class Capacity(NamedTuple):
    """What a model may use.

    Attributes:
        threads: engine threads; 0 takes the container's CPUs.
        max_queue: requests that may wait for one.
        intra_op_threads: that one run uses.
    """

    threads: int
    max_queue: int
    intra_op_threads: int = 1


def trial(engine: Engine, warmed: WarmUp, max_batch_size: int, metrics: Metrics) -> Batching:
    """Which requests may share runs; seconds of work at most, which belong to the load."""
    started = time.perf_counter()
    batching = _tried(engine, warmed, max_batch_size)
    metrics.load_seconds = round(metrics.load_seconds + time.perf_counter() - started, 6)
    return batching


def _tried(engine: Engine, warmed: WarmUp, max_batch_size: int) -> Batching:
    if not warmed.ran:
        return Batching(note="off: no made-up input fits the model")
    if warmed.seconds > SLOW_SECONDS:
        return Batching(note=f"off: a run takes longer than {SLOW_SECONDS} s")
    return Trial(engine, max_batch_size).batching()


def into_service(
    model: Model,
    engine: Engine,
    *,
    inline_elements: int,
    batching: Batching,
    capacity: Capacity,
    metrics: Metrics,
    loop: asyncio.AbstractEventLoop,
) -> None:
    """Start the threads, and let the model answer."""
    threads = capacity.threads or max(1, available_cpus() // capacity.intra_op_threads)
    stages_here = partial(metrics.stages_of, model.name)
    executor = Executor(engine, threads, capacity.max_queue, stages_here(), max_rows=batching.max_rows)
    executor.start(loop)
    scheduler = Scheduler(
        engine, executor, InlineLimit(inline_elements), stages_here, loop, batching=batching
    )
    notes = {**engine.signature.notes, "dynamic_batching": batching.note}
    model.loaded = Loaded(engine, scheduler, replace(engine.signature, notes=notes))
    _LOG.info(
        "scheduling",
        extra={
            "model": model.name,
            "threads": threads,
            "inline_elements": inline_elements,
            "dynamic_batching": batching.note,
        },
    )
