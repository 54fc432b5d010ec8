"""Before the first request: may requests of this model share runs, and which of them gain by it?

Two questions, both answered by the model itself. Is a row's answer the same in company as alone? Made-up rows
of very different sizes are run alone and together; what mixes its rows (a softmax over the wrong axis, a
quantization whose scale depends on the whole batch) shows itself, and then nothing is ever shared. Floats
may differ in their last digits, because kernels for many rows add up in another order; everything else has
to be equal. And how much does sharing save? Runs are timed alone and together, copies included: requests
that are so large that company saves them nothing run alone.
"""

from __future__ import annotations

import time
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from slipway_runtime.errors import InvalidRequest, RuntimeFault
from slipway_runtime.protocol.tensors import BYTES, element_count
from slipway_runtime.scheduling.batching import MAX_ELEMENTS, Batching, batch_dimension, one_shape
from slipway_runtime.scheduling.call import Call
from slipway_runtime.scheduling.run import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slipway_runtime.engines.engine import Engine
    from slipway_runtime.protocol.signature import TensorSpec
    from slipway_runtime.protocol.tensors import Array
    from slipway_runtime.scheduling.run import Run

SIZES = (3, 1, 2, 8, 16, 64, 224)  # of open dimensions beyond the first: the first that the model takes
PARTS = (1, 2, 1)  # rows of the requests that are compared
SCALES = (1.0, 10.0, 255.0)
TOLERANCE = {np.dtype(np.float16): 5e-3, np.dtype(np.float32): 1e-5, np.dtype(np.float64): 1e-5}
COMPANY = 8
ROUNDS = 7
LONG_SECONDS = 0.05  # what takes so long is run less often
BUDGET_SECONDS = 2.0  # for all timing
LOOP_SECONDS = 0.001  # a shared run on the event loop takes no longer
LOOP_GAIN = 5e-6  # per request; runs saved in a busy server save more than these here, with warm caches
HOP_SECONDS = 60e-6  # to a thread and back, which company shares
THREAD_GAIN = 0.1  # of a run


class Trial:
    """The trial of one model.

    Args:
        engine: warm.
        max_rows: of a shared run.
        clock: seconds.
    """

    def __init__(self, engine: Engine, max_rows: int, clock: Callable[[], float] = time.perf_counter) -> None:
        self._engine = engine
        self._max_rows = max_rows
        self._clock = clock
        self._random = np.random.default_rng(0)

    def batching(self) -> Batching:
        """What the trial showed."""
        signature = self._engine.signature
        closed = batch_dimension(signature)
        if closed:
            return Batching(note=f"off: {closed}")
        names, shape = tuple(signature.input_by_name), one_shape(signature)
        if self._max_rows < 2:  # noqa: PLR2004 # company
            return Batching(names, shape, note="off: --max-batch-size is below 2")
        size = self._size()
        if not size:
            return Batching(names, shape, note="off: no made-up input fits the model")
        if not self._same(size):
            return Batching(names, shape, note="off: the model mixes the rows of a request")
        return self._measured(names, size, shape=shape)

    def _size(self) -> int:
        """Of open dimensions; 0 where the model takes none."""
        for size in SIZES:
            try:
                self._engine.run(self._inputs(1, size, 1.0), self._engine.signature.output_names)
            except RuntimeFault:
                continue
            return size
        return 0

    def _same(self, size: int) -> bool:
        """True where rows in company get the answers that they get alone."""
        calls = [self._call(rows, size, scale) for rows, scale in zip(PARTS, SCALES, strict=True)]
        together = run(self._engine, calls, self._clock)
        if len(together) > 1:
            return False  # the shared run failed
        for call, shared in zip(calls, together[0].results, strict=True):
            alone = run(self._engine, [call], self._clock)[0].results[0]
            if isinstance(alone, BaseException) or isinstance(shared, BaseException):
                return False
            if not all(map(_equal, alone, shared)):
                return False
        return True

    def _measured(self, names: tuple[str, ...], size: int, *, shape: bool) -> Batching:
        loop_rows, thread_rows, loop_elements, rows = 0, 0, 0, 1
        gains, end = True, self._clock() + BUDGET_SECONDS
        while gains and 2 * rows <= self._max_rows and self._clock() < end:
            alone = self._seconds(rows, 1, size)
            company = min(COMPANY if alone < LONG_SECONDS else 2, self._max_rows // rows)
            together = self._seconds(rows, company, size)
            gain = alone - together / company
            gains = gain + HOP_SECONDS > THREAD_GAIN * alone and together < inf
            thread_rows = rows if gains else thread_rows
            if gain > LOOP_GAIN and together < LOOP_SECONDS:
                loop_rows = rows
                loop_elements = rows * company * self._elements(1, size)
            rows *= 2
        note = f"up to {self._max_rows} rows, from requests of up to {max(loop_rows, thread_rows)}"
        if not thread_rows:
            note = "off: company saves this model nothing"
        return Batching(names, shape, self._max_rows, loop_rows, thread_rows, loop_elements, note)

    def _seconds(self, rows: int, company: int, size: int) -> float:
        """The shortest of a few runs, joining and cutting included; infinite where it does not fit."""
        if self._elements(rows * company, size) > MAX_ELEMENTS:
            return inf
        calls = [self._call(rows, size, SCALES[0]) for _ in range(company)]
        times: list[float] = []
        while len(times) < ROUNDS and sum(times) < LONG_SECONDS:
            begun = self._clock()
            done: list[Run] = run(self._engine, calls, self._clock)
            times.append(self._clock() - begun)
            if any(isinstance(result, BaseException) for each in done for result in each.results):
                return inf
        return min(times)

    def _elements(self, rows: int, size: int) -> int:
        return sum(element_count(_shape(spec, rows, size)) for spec in self._engine.signature.inputs)

    def _call(self, rows: int, size: int, scale: float) -> Call:
        inputs = self._inputs(rows, size, scale)
        outputs = self._engine.signature.output_names
        return Call(inputs, outputs, rows, 0, (), inf, bool, _NOBODY, 0.0)

    def _inputs(self, rows: int, size: int, scale: float) -> Mapping[str, Array]:
        return {
            spec.name: self._made_up(spec, _shape(spec, rows, size), scale)
            for spec in self._engine.signature.inputs
        }

    def _made_up(self, spec: TensorSpec, shape: tuple[int, ...], scale: float) -> Array:
        if spec.datatype == BYTES:
            return self._random.choice(np.array(["a", "b"], dtype=object), shape)
        if spec.dtype is None:
            raise InvalidRequest(f"numpy has no {spec.datatype}")
        if spec.dtype.kind == "f":
            return self._random.uniform(-scale / 8, scale, shape).astype(spec.dtype)
        return self._random.integers(0, 2, shape).astype(spec.dtype)


class _Nobody:
    """Waits for nothing."""

    def done(self) -> bool:
        return True

    def set_result(self, result: list[Array], /) -> None:
        """Never called."""

    def set_exception(self, exception: BaseException, /) -> None:
        """Never called."""


_NOBODY = _Nobody()


def _shape(spec: TensorSpec, rows: int, size: int) -> tuple[int, ...]:
    return (rows, *(size if fixed == -1 else fixed for fixed in spec.shape[1:]))


def _equal(alone: Array, shared: Array) -> bool:
    if alone.shape != shared.shape or alone.dtype != shared.dtype:
        return False
    tolerance = TOLERANCE.get(alone.dtype)
    if tolerance is None:
        return bool(np.array_equal(alone, shared))
    finite = alone[np.isfinite(alone)]
    scale = float(np.max(np.abs(finite), initial=0.0))
    return bool(np.allclose(alone, shared, rtol=tolerance, atol=tolerance * scale, equal_nan=True))
