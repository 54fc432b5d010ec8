"""Runs calls, one or several at once, and gives each its own rows back.

Several calls become one run: inputs are joined along the first dimension, outputs are cut at the same rows.
Where the shared run fails, or does not give one row for each, every call is run alone: a request that the
model cannot take must not fail the ones that happened to come with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from slipway_runtime.errors import EngineFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slipway_runtime.engines.engine import Engine
    from slipway_runtime.protocol.tensors import Array
    from slipway_runtime.scheduling.call import Call
    from slipway_runtime.scheduling.inline import InlineLimit
    from slipway_runtime.telemetry.stages import Stages

Result: TypeAlias = "list[Array] | BaseException"


class Run(NamedTuple):
    """One run of the engine.

    Attributes:
        calls: that shared it.
        results: of each, in order: its outputs, or what went wrong.
        rows: of all.
        started: when its calls stopped waiting, on the clock's scale.
        joining, computing, cutting: seconds.
    """

    calls: Sequence[Call]
    results: Sequence[Result]
    rows: int
    started: float
    joining: float
    computing: float
    cutting: float


def run(engine: Engine, calls: Sequence[Call], clock: Callable[[], float]) -> list[Run]:
    """Run calls of one group; raises nothing.

    Returns:
        One run, or one for each call where the shared one failed.
    """
    if len(calls) > 1:
        try:
            return [_together(engine, calls, clock)]
        except Exception:  # noqa: BLE001 # whoever is to blame finds out alone
            return [_alone(engine, call, clock, retry=True) for call in calls]
    return [_alone(engine, calls[0], clock)]


def run_small(
    engine: Engine,
    calls: Sequence[Call],
    inline: InlineLimit,
    stages: Stages,
    clock: Callable[[], float],
) -> None:
    """Run small calls of one group where they are, and settle them; raises nothing."""
    runs = run(engine, calls, clock)
    for each in runs:
        inline.observe(each.computing / len(each.calls))  # alone they would have taken longer
    settle(runs, stages, clock())


def settle(runs: Sequence[Run], stages: Stages, now: float) -> None:
    """Count runs, and give each call its result."""
    for each in runs:
        if not isinstance(each.results[0], BaseException):  # a run that failed had one call
            waits = [each.started - call.queued for call in each.calls]
            stages.ran(
                waits,
                each.rows,
                joining=each.joining,
                computing=each.computing,
                cutting=each.cutting,
                now=now,
            )
        for call, result in zip(each.calls, each.results, strict=True):
            call.settle(result, now)


def _alone(engine: Engine, call: Call, clock: Callable[[], float], *, retry: bool = False) -> Run:
    started = clock()
    result: Result | None = call.fault(started) if retry else None
    if result is None:
        try:
            result = engine.run(call.inputs, call.outputs)
        except BaseException as error:  # noqa: BLE001 # it is the waiter's, whatever it is
            result = error
    return Run((call,), (result,), call.rows, started, 0.0, clock() - started, 0.0)


def _together(engine: Engine, calls: Sequence[Call], clock: Callable[[], float]) -> Run:
    started = clock()
    names = list(calls[0].inputs)
    joined = {name: np.concatenate([call.inputs[name] for call in calls]) for name in names}
    running = clock()
    arrays = engine.run(joined, calls[0].outputs)
    cutting = clock()
    rows = sum(call.rows for call in calls)
    for array in arrays:
        if not array.ndim or array.shape[0] != rows:
            raise EngineFailed("a shared run did not give one row for each of its inputs'")
    results, begin = [], 0
    for call in calls:
        end = begin + call.rows
        results.append([array[begin:end] for array in arrays])
        begin = end
    return Run(calls, results, rows, started, running - started, cutting - running, clock() - cutting)
