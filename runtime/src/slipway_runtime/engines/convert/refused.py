"""What a model's library refuses, its conversion must refuse too: a graph answers everything.

Estimators refuse missing values, infinity, and categories they never saw. Where the library refuses, or where
only the conversion of such values is wrong, the converted model is served with a check in front of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from slipway_runtime.engines.convert.gate import Count, Inexact, answers, compare, ties
from slipway_runtime.errors import RuntimeFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway_runtime.engines.convert.source import Probe, Source
    from slipway_runtime.engines.engine import Engine
    from slipway_runtime.protocol.tensors import Array

_ROWS = 64
_UNKNOWN_TEXT, _UNKNOWN_NUMBER = "no such category", 1.5


def finite_inputs(source: Source, candidate: Engine, ordinary: Probe, *, native_is_free: bool) -> str:
    """Which of NaN (n) and infinity (i) must not reach the converted model.

    Raises:
        Inexact: the library takes them, the conversion has them wrong, and the library may serve.
    """
    found = ""
    for letter, value, what in (("n", np.nan, "missing values"), ("i", np.inf, "infinity")):
        try:
            for sign in (1, -1) if letter == "i" else (1,):
                _same(source, candidate, _spoiled(ordinary.inputs, sign * value), f"on {what}")
        except RuntimeFault:
            found += letter
        except Inexact:
            if native_is_free:
                raise
            found += letter
    return found


def known_values(
    source: Source, candidate: Engine, ordinary: Probe
) -> tuple[tuple[str, int, tuple[str | float, ...]], ...]:
    """Columns in which only values that were seen in training are answered: input name, column, values.

    Raises:
        Inexact: the library answers an unknown value, and the conversion answers otherwise.
    """
    found = []
    names = [spec.name for spec in source.engine.signature.inputs]
    for column, values in source.categories.items():
        name, position = (names[column], 0) if len(names) > 1 else (names[0], column)
        inputs = {key: array[:_ROWS].copy() for key, array in ordinary.inputs.items()}
        numbers = [value for value in values if not isinstance(value, str)]
        unknown = _UNKNOWN_TEXT if len(numbers) < len(values) else max(numbers) + _UNKNOWN_NUMBER
        inputs[name][:, position] = unknown
        try:
            _same(source, candidate, inputs, "on categories that were not in the training")
        except RuntimeFault:
            found.append((name, position, tuple(values)))
    return tuple(found)


def _spoiled(inputs: Mapping[str, Array], value: float) -> dict[str, Array]:
    """Some rows, one number of each replaced, in turn."""
    spoiled = {name: array[:_ROWS].copy() for name, array in inputs.items()}
    places = [
        (name, column)
        for name, array in spoiled.items()
        if array.dtype.kind == "f"
        for column in range(array.shape[1])
    ]
    for row in range(min(_ROWS, len(next(iter(spoiled.values()))))):
        name, column = places[row % len(places)] if places else ("", 0)
        if name:
            spoiled[name][row, column] = value
    return spoiled


def _same(source: Source, candidate: Engine, inputs: Mapping[str, Array], where: str) -> None:
    """The library's answers, and the candidate's, agree.

    Raises:
        RuntimeFault: the library refuses.
        Inexact: they differ.
    """
    names = source.engine.signature.output_names
    expected = answers(source.engine.run(inputs, names), names)
    specs = candidate.signature.input_by_name
    typed = {name: array.astype(specs[name].dtype) for name, array in inputs.items()}
    got = answers(candidate.run(typed, names), names)
    tied = ties(source.scores(inputs), len(next(iter(inputs.values()))))
    compare(expected, got, tied, Count(), where)
