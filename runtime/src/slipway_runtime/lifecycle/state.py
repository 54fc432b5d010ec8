"""The state of the served model: one enum, one writer.

    PENDING → PULLING → LOADING → READY → DRAINING → STOPPED
       └────────┴──────────┴────────┴────────┴────→ FAILED (or STOPPED)

Everything that answers "is it ready?" reads it here; nothing else stores an opinion.
"""

from __future__ import annotations

import logging
from enum import StrEnum

_LOG = logging.getLogger(__name__)


class ModelState(StrEnum):
    """Where a model is on its way."""

    PENDING = "PENDING"
    PULLING = "PULLING"
    LOADING = "LOADING"
    READY = "READY"
    DRAINING = "DRAINING"
    STOPPED = "STOPPED"
    FAILED = "FAILED"


_ENDS = (ModelState.STOPPED, ModelState.FAILED)
_NEXT: dict[ModelState, tuple[ModelState, ...]] = {
    ModelState.PENDING: (ModelState.PULLING, ModelState.LOADING, *_ENDS),
    ModelState.PULLING: (ModelState.LOADING, *_ENDS),
    ModelState.LOADING: (ModelState.READY, *_ENDS),
    ModelState.READY: (ModelState.DRAINING, *_ENDS),
    ModelState.DRAINING: _ENDS,
    ModelState.STOPPED: (),
    ModelState.FAILED: (),
}


class Lifecycle:
    """The state and its only writer, `advance`."""

    __slots__ = ("_state",)

    def __init__(self) -> None:
        self._state = ModelState.PENDING

    @property
    def state(self) -> ModelState:
        """Where the model is now."""
        return self._state

    @property
    def serving(self) -> bool:
        """True when requests are answered; a draining model still answers, rollouts rely on it."""
        return self._state in (ModelState.READY, ModelState.DRAINING)

    def advance(self, state: ModelState) -> None:
        """Go on to another state.

        Raises:
            RuntimeError: there is no way from here to there, which is a bug.
        """
        if state not in _NEXT[self._state]:
            raise RuntimeError(f"no way from {self._state} to {state}")
        self._state = state
        _LOG.info("model state", extra={"state": str(state)})
