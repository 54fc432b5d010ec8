"""First runs before the first request: arenas grow, kernels are chosen, the cost of a run is measured.

Inputs are made up from the signature: zeros, empty strings, and one size for all open dimensions. A model
that takes no such size (a fixed sequence length behind an open dimension, say) is tried with a few larger
ones; where none fits, it is served without a warm-up and the log says so.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from slipway_runtime.errors import RuntimeFault
from slipway_runtime.protocol.tensors import BYTES, DTYPES, element_count

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway_runtime.engines.engine import Engine
    from slipway_runtime.protocol.signature import Signature, TensorSpec
    from slipway_runtime.protocol.tensors import Array

SIZES = (1, 2, 8, 16, 64, 224)
MAX_ELEMENTS = 2**24
ROUNDS = 5
INLINE_SECONDS = 0.0003
INLINE_SECONDS_ON_ONE_CPU = 0.001  # a thread runs nothing beside the loop there, its switches cost as much


class WarmUp(NamedTuple):
    """What the first runs showed.

    Attributes:
        ran: False where no made-up input fitted.
        seconds: one run at the smallest size took, the shortest of five: the others met somebody else's work.
        inline_elements: a request of so many input elements still runs on the loop; 0 where none does.
    """

    ran: bool
    seconds: float
    inline_elements: int


def warm_up(
    engine: Engine, clock: Callable[[], float] = time.perf_counter, inline_seconds: float = INLINE_SECONDS
) -> WarmUp:
    """Run the model on made-up inputs.

    Args:
        engine: just loaded.
        clock: seconds.
        inline_seconds: a shorter run may take place on the event loop.
    """
    for size in SIZES:
        seconds = _measure(engine, size, clock)
        if seconds is not None:
            elements = _inline_elements(engine, size, seconds, clock, inline_seconds)
            return WarmUp(ran=True, seconds=seconds, inline_elements=elements)
    return WarmUp(ran=False, seconds=0.0, inline_elements=0)


def _inline_elements(
    engine: Engine, size: int, seconds: float, clock: Callable[[], float], inline_seconds: float
) -> int:
    """Double the open dimensions as long as a run stays short."""
    elements = 0
    found: float | None = seconds
    while found is not None and found < inline_seconds:
        counted = _elements(engine.signature, size)
        if counted == elements:
            return elements  # every dimension is fixed
        elements = counted
        size *= 2
        found = _measure(engine, size, clock)
    return elements


def _measure(engine: Engine, size: int, clock: Callable[[], float]) -> float | None:
    signature = engine.signature
    if _elements(signature, size) > MAX_ELEMENTS:
        return None
    try:
        inputs = {spec.name: _made_up(spec, size) for spec in signature.inputs}
        times = []
        for _ in range(ROUNDS):
            started = clock()
            engine.run(inputs, signature.output_names)
            times.append(clock() - started)
            if times[0] > 1:
                break  # a heavy model is warm after one run
    except RuntimeFault:
        return None
    return min(times)


def _elements(signature: Signature, size: int) -> int:
    return sum(element_count(_shape(spec, size)) for spec in signature.inputs)


def _shape(spec: TensorSpec, size: int) -> tuple[int, ...]:
    return tuple(size if fixed == -1 else fixed for fixed in spec.shape)


def _made_up(spec: TensorSpec, size: int) -> Array:
    if spec.datatype == BYTES:
        return np.full(_shape(spec, size), "", dtype=object)
    return np.zeros(_shape(spec, size), dtype=DTYPES[spec.datatype])
