"""Which library's model it is, and what to do when it does not convert."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway_runtime.engines import registry
from slipway_runtime.engines.convert.gate import Inexact
from slipway_runtime.engines.convert.run import judge, native
from slipway_runtime.engines.pickles import is_data, load_estimator
from slipway_runtime.errors import LoadFailure, Reason

if TYPE_CHECKING:
    from pathlib import Path

    from slipway_runtime.engines.convert.source import Source
    from slipway_runtime.engines.parameters import ModelParameters


def convert_model(
    source: Path, dest: Path, implementation: str, parameters: ModelParameters
) -> dict[str, str]:
    """Convert the model of a folder into another one, with a verdict beside it.

    Returns:
        The verdict's notes.

    Raises:
        LoadFailure: UnsupportedFormat; ConversionInexact, where its own library must not serve unasked.
    """
    found = registry.find_model(source, implementation)
    if found.implementation == registry.ONNX:
        return {"engine": "onnxruntime"}
    model = _source(found, parameters)
    is_free = found.implementation != registry.SKLEARN or is_data(found.path)
    try:
        verdict = judge(model, dest, native_is_free=is_free)
    except Inexact as inexact:
        reason = str(inexact)
        if not is_free and not parameters.allow_native:
            raise LoadFailure(
                Reason.CONVERSION_INEXACT,
                f"{found.path.name} cannot be converted to ONNX exactly: {reason}. Set the parameter "
                "allow_native to true to have it loaded and served by scikit-learn itself",
            ) from None
        verdict = native(model, reason)
    verdict.save(dest)
    return dict(verdict.notes)


def _source(found: registry.Found, parameters: ModelParameters) -> Source:
    if found.implementation == registry.SKLEARN:
        from slipway_runtime.engines.convert.sklearn_source import (  # noqa: PLC0415 # only who has such a model
            SklearnSource,
        )

        return SklearnSource(load_estimator(found.path), parameters)
    from slipway_runtime.engines.convert.boosters import (  # noqa: PLC0415 # likewise
        LightGBMSource,
        XGBoostSource,
    )

    if found.implementation == registry.XGBOOST:
        return XGBoostSource(found.path, parameters)
    return LightGBMSource(found.path, parameters)
