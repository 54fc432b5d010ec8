"""Engines without a model, and calls for them: what tests of the scheduling need.

`Works` runs whatever function a call brings. `Doubler` doubles its input, remembers each run, and refuses
rows that hold a marked value, as a model does that cannot take some inputs.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from time import perf_counter
from typing import Any, cast

import numpy as np

from slipway_runtime.errors import InvalidRequest
from slipway_runtime.protocol.signature import Signature, TensorSpec
from slipway_runtime.protocol.tensors import Array
from slipway_runtime.scheduling.call import Call, Waiter

POISON = 666.0
ROWS = Signature("fake", (TensorSpec("x", "FP32", (-1, 2)),), (TensorSpec("doubled", "FP32", (-1, 2)),))


def never() -> bool:
    """Somebody waits."""
    return False


class Works:
    """Runs the function that a call brings, and gives back what it returns."""

    signature = ROWS

    def run(self, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:  # noqa: ARG002 # an Engine's
        """Whatever it is."""
        work = cast("Callable[[], Any]", inputs["work"])
        return [work()]

    def close(self) -> None:
        """Nothing to give back."""


class Doubler:
    """Doubles x.

    Attributes:
        runs: the inputs of each run.
        asked: the outputs of each run.
    """

    def __init__(self, signature: Signature = ROWS) -> None:
        self.signature = signature
        self.runs: list[Array] = []
        self.asked: list[Sequence[str]] = []

    def run(self, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """Twice the input for every output; `rows` is how many it has."""
        x = inputs["x"]
        self.runs.append(x)
        self.asked.append(outputs)
        if np.any(x == POISON):
            raise InvalidRequest("the model cannot run on these inputs")
        return [np.array([len(x)]) if name == "rows" else x * 2 for name in outputs]

    def close(self) -> None:
        """Nothing to give back."""


class Held(Doubler):
    """A Doubler whose runs last until a test opens it.

    Attributes:
        entered: one for each run that has begun.
        opened: lets them end.
    """

    def __init__(self, signature: Signature = ROWS) -> None:
        super().__init__(signature)
        self.entered = threading.Semaphore(0)
        self.opened = threading.Event()

    def run(self, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """See Doubler."""
        self.entered.release()
        assert self.opened.wait(30)
        return super().run(inputs, outputs)


def call_of(
    inputs: Mapping[str, Any],
    waiter: Waiter,
    *,
    rows: int = 1,
    group: Hashable = None,
    seconds: float = 30,
    abandoned: Callable[[], bool] = never,
    queued: float | None = None,
    outputs: Sequence[str] = ("doubled",),
) -> Call:
    """A call that was made now."""
    now = perf_counter() if queued is None else queued
    elements = sum(np.size(array) for array in inputs.values())
    return Call(inputs, outputs, rows, elements, group, now + seconds, abandoned, waiter, now)


def waiting() -> asyncio.Future[list[Array]]:
    """A future of the running loop."""
    return asyncio.get_running_loop().create_future()
