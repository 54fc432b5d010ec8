"""One conversion, from a model's file to a verdict.

In this order, cheapest first: is it a model that never converts; would float32 inputs change the library's
own answers; convert; ask both sides the same rows; find out what the library refuses, since the converted
graph refuses nothing. Whatever differs sends the model to its own library, or back to whoever brought it.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from slipway_runtime.engines.convert.gate import Count, Inexact, answers, compare, ties
from slipway_runtime.engines.convert.graph import finish
from slipway_runtime.engines.convert.refused import finite_inputs, known_values
from slipway_runtime.engines.onnx import OnnxEngine
from slipway_runtime.engines.shapes import LABEL
from slipway_runtime.engines.verdict import MODEL_FILE, NATIVE, ONNX, Verdict
from slipway_runtime.protocol.tensors import DTYPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slipway_runtime.engines.convert.source import Probe, Source
    from slipway_runtime.engines.engine import Engine
    from slipway_runtime.protocol.tensors import Array

_LOG = logging.getLogger(__name__)
_SEED = 20_251_121


def judge(source: Source, dest: Path, *, native_is_free: bool) -> Verdict:
    """Convert a model into a folder if that is exact.

    Args:
        source: the model in its own library.
        dest: where the converted model goes.
        native_is_free: its own library may serve it without being asked for: no pickle is needed.

    Raises:
        Inexact: the conversion must not be served.
    """
    reason = source.refusal()
    if reason:
        raise Inexact(reason)
    random = np.random.default_rng(_SEED)
    probes = source.probes(random)
    count = Count()
    for probe in probes:
        rounded = _rounded(probe.inputs)
        if rounded is not probe.inputs:
            how = " when numbers are rounded to float32"
            _compare(source, source.engine, probe, rounded, count=Count(), how=how)
    candidate = _converted(source, dest, probes[0])
    for probe in probes:
        _compare(source, candidate, probe, _rounded(probe.inputs), count=count)
    finite = finite_inputs(source, candidate, probes[0], native_is_free=native_is_free)
    known = known_values(source, candidate, probes[0])
    return Verdict(
        engine=ONNX,
        notes=_notes(source, count, finite),
        primary=source.engine.signature.primary,
        features=source.engine.signature.features,
        finite=finite,
        known=known,
    )


def native(source: Source, reason: str) -> Verdict:
    """The verdict for a model that its own library serves."""
    return Verdict(engine=NATIVE, notes={"engine": source.library, "not_converted": reason})


def _notes(source: Source, count: Count, finite: str) -> dict[str, str]:
    notes = {
        **source.engine.signature.notes,
        "engine": "onnxruntime",
        "converted_from": source.library,
        "compared_rows": str(count.rows),
    }
    if count.tied:
        notes["tied_rows"] = str(count.tied)
    if "n" in finite:
        notes["missing_values"] = "refused"
    return notes


def _converted(source: Source, dest: Path, probe: Probe) -> OnnxEngine:
    """Convert, give the graph the library's outputs, load it."""
    path = dest / MODEL_FILE
    names = [spec.name for spec in source.engine.signature.inputs]
    try:
        model = source.to_onnx()
        path.write_bytes(model.SerializeToString())
        widths = _widths(OnnxEngine(path), names, probe)
        specs = source.engine.signature.outputs
        wanted = {spec.name: (0 if spec.name == LABEL or len(specs) == 1 else 1, spec) for spec in specs}
        path.write_bytes(finish(model, names, wanted, widths).SerializeToString())
        return OnnxEngine(path)
    except Inexact:
        raise
    except Exception as error:  # noqa: BLE001 # a converter raises whatever comes to its mind
        _LOG.info("the converter failed", exc_info=True)
        raise Inexact(f"its conversion fails ({type(error).__name__})") from None


def _widths(raw: OnnxEngine, names: Sequence[str], probe: Probe) -> dict[int, int]:
    """The second dimension of each of the converter's outputs, found by asking for one row."""
    specs = raw.signature.inputs
    if len(specs) != len(names):
        raise Inexact(f"the converted graph takes {len(specs)} inputs, not {len(names)}")
    one = {
        spec.name: probe.inputs[name][-1:].astype(DTYPES[spec.datatype])
        for spec, name in zip(specs, names, strict=True)
    }
    found = raw.run(one, raw.signature.output_names)
    return {index: answer.shape[1] if answer.ndim > 1 else 0 for index, answer in enumerate(found)}


def _compare(
    source: Source,
    candidate: Engine,
    probe: Probe,
    inputs: Mapping[str, Array],
    *,
    count: Count,
    how: str = "",
) -> None:
    names = source.engine.signature.output_names
    rows = len(next(iter(probe.inputs.values())))
    if not rows:
        return
    expected = answers(source.engine.run(probe.inputs, names), names)
    got = answers(candidate.run(_typed(candidate, inputs), names), names)
    tied = ties(source.scores(probe.inputs), rows)
    compare(expected, got, tied, count, probe.where + how)


def _rounded(inputs: Mapping[str, Array]) -> Mapping[str, Array]:
    """Inputs as a client of the converted model sends them; the very same where nothing changes."""
    if not any(array.dtype == np.float64 for array in inputs.values()):
        return inputs
    with np.errstate(over="ignore"):
        return {
            name: array.astype(np.float32) if array.dtype == np.float64 else array
            for name, array in inputs.items()
        }


def _typed(engine: Engine, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Inputs in the types that an engine wants."""
    specs = engine.signature.input_by_name
    typed: dict[str, Array] = {}
    for name, array in inputs.items():
        dtype: Any = specs[name].dtype
        typed[name] = array if array.dtype == dtype else array.astype(dtype)
    return typed
