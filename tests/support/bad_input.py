"""Bad input and what people read about it: one row each, for the API server and for the parser.

`server` is a part of the API server's refusal, `parser` of the operator's own message for an object
that was stored without such a check. An empty `parser` marks what the parser passes through,
because the API server refuses it once more in the object that it goes to.
"""

from __future__ import annotations

from bad_predictor import PODS, SCALING, UNKNOWN
from bad_row import BadInput
from bad_spec import ADDRESSES, NAMES, PREDICTORS, SIZES

__all__ = ["BAD_INPUT", "BadInput"]

BAD_INPUT = NAMES + SIZES + PREDICTORS + ADDRESSES + PODS + SCALING + UNKNOWN
