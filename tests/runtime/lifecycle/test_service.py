"""From a warm engine to a model that serves."""

from __future__ import annotations

import asyncio

import pytest

from engine_doubles import Doubler
from slipway_runtime.engines.warm_up import WarmUp
from slipway_runtime.lifecycle.model import Model
from slipway_runtime.lifecycle.service import SLOW_SECONDS, Capacity, into_service, trial
from slipway_runtime.scheduling.batching import Batching
from slipway_runtime.telemetry.metrics import Metrics


@pytest.mark.parametrize(
    ("warmed", "note"),
    [
        (WarmUp(ran=False, seconds=0.0, inline_elements=0), "off: no made-up input fits the model"),
        (WarmUp(ran=True, seconds=2 * SLOW_SECONDS, inline_elements=0), "off: a run takes longer than 0.5 s"),
        (WarmUp(ran=True, seconds=1e-4, inline_elements=4), "off: --max-batch-size is below 2"),
    ],
)
def test_a_model_is_tried_only_where_that_is_worth_its_time(warmed: WarmUp, note: str) -> None:
    """Ready in a second matters more than batches of a model that takes a second for each row."""
    metrics = Metrics(load_seconds=1.0)

    assert trial(Doubler(), warmed, 0, metrics).note == note
    assert metrics.load_seconds >= 1.0


async def test_the_metadata_says_whether_requests_share_runs_and_why_not() -> None:
    """Whoever expected batching should not have to read logs."""
    model, engine = Model("m"), Doubler()

    into_service(
        model,
        engine,
        inline_elements=0,
        batching=Batching(note="off: the model mixes the rows of a request"),
        capacity=Capacity(threads=1, max_queue=1),
        metrics=Metrics(),
        loop=asyncio.get_running_loop(),
    )

    assert model.loaded is not None
    assert model.loaded.signature.notes["dynamic_batching"] == "off: the model mixes the rows of a request"
    assert model.loaded.signature.inputs == engine.signature.inputs
