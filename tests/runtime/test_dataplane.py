"""The use cases, without HTTP and without ONNX: a fake engine behind a real scheduler."""

from __future__ import annotations

import asyncio
from functools import partial
from time import perf_counter

import numpy as np
import pytest

from engine_doubles import Doubler
from slipway_runtime.dataplane import DataPlane
from slipway_runtime.errors import InvalidRequest, ModelNotReady, NotFound
from slipway_runtime.lifecycle.model import Loaded, Model
from slipway_runtime.lifecycle.state import ModelState
from slipway_runtime.protocol.messages import InferenceRequest, InferenceResult
from slipway_runtime.protocol.signature import Signature, TensorSpec
from slipway_runtime.protocol.tensors import Array
from slipway_runtime.scheduling.executor import Executor
from slipway_runtime.scheduling.inline import InlineLimit
from slipway_runtime.scheduling.scheduler import Scheduler
from slipway_runtime.telemetry.metrics import Metrics

SIGNATURE = Signature(
    "fake",
    (TensorSpec("x", "FP32", (-1, 2)),),
    (TensorSpec("doubled", "FP32", (-1, 2)), TensorSpec("rows", "INT64", (1,))),
)


METRICS = Metrics()


def doubler() -> Doubler:
    """An engine with that signature."""
    return Doubler(SIGNATURE)


def loaded(engine: Doubler, state: ModelState = ModelState.READY) -> Model:
    """A model in a state."""
    model = Model("m")
    for each in (ModelState.LOADING, ModelState.READY, ModelState.DRAINING):
        model.lifecycle.advance(each)
        if each is state:
            break
    loop, stages = asyncio.get_running_loop(), partial(METRICS.stages_of, "m")
    executor = Executor(engine, 1, 10, stages())
    executor.start(loop)
    model.loaded = Loaded(engine, Scheduler(engine, executor, InlineLimit(4), stages, loop), SIGNATURE)
    return model


ONE_ROW = np.ones((1, 2), dtype=np.float32)


async def ask(
    plane: DataPlane,
    x: Array = ONE_ROW,
    outputs: tuple[str, ...] = (),
    *,
    model: str = "m",
    version: str = "",
) -> InferenceResult:
    """One inference."""
    request = InferenceRequest(model, version, "id-1", {"x": x}, outputs)
    return await plane.infer(request, perf_counter() + 30, lambda: False)


@pytest.mark.parametrize("rows", [1, 100], ids=["at once", "on a thread"])
async def test_an_answer_carries_id_version_and_all_outputs(rows: int) -> None:
    """It must not matter to a client where its request ran."""
    result = await ask(DataPlane((loaded(doubler()),)), np.ones((rows, 2), dtype=np.float32))

    assert (result.model, result.version, result.id) == ("m", "1", "id-1")
    assert [spec.name for spec in result.specs] == ["doubled", "rows"]
    assert result.arrays[1].tolist() == [rows]


async def test_a_thread_gets_the_same_answer_and_the_same_faults() -> None:
    """The gRPC server's threads ask the same model as the event loop does."""
    plane, told = DataPlane((loaded(doubler()),)), list[InferenceResult | BaseException]()

    def infer(*shape: int) -> None:
        request = InferenceRequest("m", "", "id-1", {"x": np.ones(shape, dtype=np.float32)}, ())
        plane.infer_here(request, perf_counter() + 30, lambda: False, told.append)

    await asyncio.to_thread(infer, 1, 2)
    with pytest.raises(InvalidRequest):
        await asyncio.to_thread(infer, 1, 3)

    (result,) = told
    assert isinstance(result, InferenceResult)
    assert (result.model, result.version, result.id) == ("m", "1", "id-1")
    assert result.arrays[1].tolist() == [1]


async def test_the_engine_is_asked_for_the_wanted_outputs_only() -> None:
    """Outputs that nobody wants need not be computed."""
    engine = doubler()

    result = await ask(DataPlane((loaded(engine),)), outputs=("rows",))

    assert engine.asked == [("rows",)]
    assert [spec.datatype for spec in result.specs] == ["INT64"]


async def test_what_does_not_fit_never_reaches_the_engine() -> None:
    """Native code sees validated tensors only."""
    engine = doubler()

    with pytest.raises(InvalidRequest):
        await ask(DataPlane((loaded(engine),)), np.ones((1, 3), dtype=np.float32))

    assert engine.asked == []


@pytest.mark.parametrize(("model", "version"), [("n", ""), ("m", "2")])
async def test_another_model_or_version_is_not_found(model: str, version: str) -> None:
    """Answering with some other model would be a wrong answer in silence."""
    with pytest.raises(NotFound):
        await ask(DataPlane((loaded(doubler()),)), model=model, version=version)


async def test_a_draining_model_still_answers() -> None:
    """For as long as requests still find their way here, they are served."""
    plane = DataPlane((loaded(doubler(), ModelState.DRAINING),))

    assert plane.ready()
    assert await ask(plane)


async def test_a_model_that_is_not_there_yet_says_so() -> None:
    """The client is told to come back, not that there is no such model."""
    plane = DataPlane((Model("m"),))

    assert not plane.ready()
    with pytest.raises(ModelNotReady, match="PENDING"):
        await ask(plane)
