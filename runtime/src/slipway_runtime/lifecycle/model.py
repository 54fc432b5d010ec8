"""The served model: its name from the start, its engine once it is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from slipway_runtime.lifecycle.state import Lifecycle

if TYPE_CHECKING:
    from slipway_runtime.engines.engine import Engine
    from slipway_runtime.protocol.signature import Signature
    from slipway_runtime.scheduling.scheduler import Scheduler

VERSION = "1"


class Loaded(NamedTuple):
    """What serves a model that is ready.

    Attributes:
        engine: runs it.
        scheduler: decides where and when.
        signature: the engine's, with notes on how the model is served.
    """

    engine: Engine
    scheduler: Scheduler
    signature: Signature


class Model:
    """One served model.

    Args:
        name: as in URLs.

    Attributes:
        versions: the ones there are; the last answers when none is asked for.
        lifecycle: its state.
        loaded: None until it is loaded.
    """

    __slots__ = ("lifecycle", "loaded", "name", "versions")

    def __init__(self, name: str) -> None:
        self.name = name
        self.versions = (VERSION,)
        self.lifecycle = Lifecycle()
        self.loaded: Loaded | None = None
