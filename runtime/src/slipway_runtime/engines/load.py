"""From a folder to an engine: find the model, have it converted where it is not ONNX, load what came of it.

The conversion is a process of its own (see engines.converter): it may have to run a stranger's pickle, and
its libraries take seconds to import and memory that the server would keep. In a pod an init container did it
already and left the result in a folder. A pickle is loaded here, in the server, only if that was asked for
(`allow_native`).
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from slipway_runtime.engines import registry
from slipway_runtime.engines.converter import convert_apart
from slipway_runtime.engines.parameters import ModelParameters
from slipway_runtime.engines.verdict import MODEL_FILE, NATIVE, Verdict, load_verdict
from slipway_runtime.errors import LoadFailure, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slipway_runtime.engines.engine import Engine
    from slipway_runtime.protocol.signature import Signature
    from slipway_runtime.protocol.tensors import Array


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model to load.

    Attributes:
        location: its folder or file.
        implementation: its format, or AUTO.
        parameters: what it was asked to be.
        converted: where its conversion lies already; None has it converted now.
    """

    location: Path
    implementation: str = registry.AUTO
    parameters: ModelParameters = field(default_factory=ModelParameters)
    converted: Path | None = None


def load(wanted: Wanted, threads: int = 1) -> Engine:
    """Find, convert, load.

    Raises:
        LoadFailure: UnsupportedFormat, ConversionInexact or ModelLoadFailed.
    """
    # ONNX Runtime reports to its vendor unless this is set before it is imported.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    found = registry.find_model(wanted.location, wanted.implementation)
    if found.implementation == registry.ONNX:
        return _onnx(found, wanted.parameters, threads)
    if wanted.converted is not None:
        return _converted(found, wanted, wanted.converted, threads)
    with tempfile.TemporaryDirectory(prefix="slipway-converted-") as made:
        convert_apart(wanted.location, Path(made), wanted.implementation, wanted.parameters)
        return _converted(found, wanted, Path(made), threads)


def _converted(found: registry.Found, wanted: Wanted, folder: Path, threads: int) -> Engine:
    verdict = _with_method(load_verdict(folder), wanted.parameters)
    if verdict.engine == NATIVE:
        return Described(_native(found, wanted.parameters), verdict, found.features)
    from slipway_runtime.engines.converted import ConvertedEngine  # noqa: PLC0415 # imports ONNX Runtime

    engine = ConvertedEngine(folder / MODEL_FILE, verdict, threads)
    return engine if not found.features else Described(engine, verdict, found.features)


def _native(found: registry.Found, parameters: ModelParameters) -> Engine:
    if found.implementation == registry.XGBOOST:
        from slipway_runtime.engines.xgboost import XGBoostEngine  # noqa: PLC0415 # only who has such a model

        return XGBoostEngine(found.path, parameters)
    if found.implementation == registry.LIGHTGBM:
        from slipway_runtime.engines.lightgbm import LightGBMEngine  # noqa: PLC0415 # likewise

        return LightGBMEngine(found.path, parameters)
    from slipway_runtime.engines.pickles import is_data, load_estimator  # noqa: PLC0415 # likewise
    from slipway_runtime.engines.sklearn import SklearnEngine  # noqa: PLC0415 # likewise

    is_skops = found.path.suffix == ".skops"
    if not is_data(found.path) and not (parameters.allow_native and (found.asked_for or is_skops)):
        raise LoadFailure(
            Reason.CONVERSION_INEXACT,
            f"{found.path.name} is a pickle and is loaded here only with allow_native",
        )
    return SklearnEngine(load_estimator(found.path), parameters)


def _onnx(found: registry.Found, parameters: ModelParameters, threads: int) -> Engine:
    from slipway_runtime.engines.onnx import OnnxEngine  # noqa: PLC0415 # half of the start of a server
    from slipway_runtime.engines.shapes import PRIMARY  # noqa: PLC0415 # likewise

    engine = OnnxEngine(found.path, threads)
    if not parameters.method and not found.features:
        return engine
    outputs = engine.signature.output_names
    primary = PRIMARY[parameters.method] if parameters.method else ""
    if primary and primary not in outputs:
        raise LoadFailure(
            Reason.UNSUPPORTED_FORMAT,
            f"the parameter method asks for an output called {primary}; {found.path.name} has "
            f"{', '.join(outputs[:8])}: leave the parameter out",
        )
    verdict = _with_method(Verdict(engine="onnxruntime", primary=primary), parameters)
    return Described(engine, verdict, found.features)


def _with_method(verdict: Verdict, parameters: ModelParameters) -> Verdict:
    """Protocols with a default method of their own look here whether one was asked for."""
    if not parameters.method:
        return verdict
    return replace(verdict, notes={**verdict.notes, "method": parameters.method})


class Described:
    """An engine whose signature says more than the engine knows.

    Args:
        engine: runs the model.
        verdict: its notes, and its primary output unless the engine has one.
        features: names of the columns of its only matrix, if there are as many.
    """

    def __init__(self, engine: Engine, verdict: Verdict, features: Sequence[str]) -> None:
        self._engine = engine
        known = engine.signature
        if len(known.inputs) == 1 and known.inputs[0].shape[1:] == (len(features),):
            known = replace(known, features=tuple(features))
        primary = known.primary or verdict.primary
        self._signature = replace(known, primary=primary, notes={**known.notes, **verdict.notes})

    @property
    def signature(self) -> Signature:
        """The engine's, and what was said about the model."""
        return self._signature

    def run(self, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """Run once; see Engine.run."""
        return self._engine.run(inputs, outputs)

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()
