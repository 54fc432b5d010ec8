"""A model's parameters: which of its answers is the answer, and whether its own library may serve it.

The names are Seldon's. They come as JSON (`--parameters`) and are typed here; a name that means nothing is
refused, so that nothing is accepted and ignored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from slipway_runtime.errors import SettingsFault

PREDICT = "predict"
PREDICT_PROBA = "predict_proba"
DECISION_FUNCTION = "decision_function"
METHODS = (PREDICT, PREDICT_PROBA, DECISION_FUNCTION)


@dataclass(frozen=True, slots=True)
class ModelParameters:
    """What a model was asked to be.

    Attributes:
        method: one of METHODS, or empty: predict then, and protocols with a default of their own may differ.
        allow_native: the model's own library may serve it where a conversion would be inexact; for a pickle
            that means loading it in the server itself.
    """

    method: str = ""
    allow_native: bool = False

    @classmethod
    def parse(cls, text: str) -> ModelParameters:
        """From the flag's JSON; empty is no parameters.

        Raises:
            SettingsFault: it is not a JSON object, or see `of`.
        """
        try:
            given = json.loads(text) if text else {}
        except (ValueError, RecursionError):
            given = None
        if not isinstance(given, dict):
            raise SettingsFault(
                "--parameters (SLIPWAY_PARAMETERS) must be a JSON object such as "
                f'{{"method": "predict_proba"}}; it is {text[:80]!a}'
            )
        return cls.of(given)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> ModelParameters:
        """Typed parameters.

        Raises:
            SettingsFault: an unknown name or an impossible value.
        """
        unknown = sorted(set(given) - {"method", "allow_native"})
        if unknown:
            raise SettingsFault(
                f"there is no parameter {unknown[0][:40]!a}: there are method and allow_native"
            )
        method = given.get("method", "")
        if method and method not in METHODS:
            raise SettingsFault(
                f"the parameter method must be one of {', '.join(METHODS)}; it is {str(method)[:40]!a}"
            )
        allow_native = given.get("allow_native", False)
        if not isinstance(allow_native, bool):
            raise SettingsFault(
                f"the parameter allow_native must be true or false; it is {str(allow_native)[:40]!a}"
            )
        return cls(method or "", allow_native)

    def text(self) -> str:
        """As the flag takes them."""
        return json.dumps(asdict(self))
