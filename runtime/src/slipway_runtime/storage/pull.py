"""Fetch a model: pick the storage, fetch, verify, and try again where that may help.

Faults that no retry cures (no such file, no right, wrong digest) end the pull at once, so that their reason
shows within seconds. Others are retried after a growing, jittered pause, and go on from what had arrived,
until nothing has arrived for `retry_seconds`, or the whole pull took `pull_seconds`.
"""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.security.digest import parse_digest
from slipway_runtime.storage.localize import Artifact, localize, verify_in_place
from slipway_runtime.storage.source import Budget
from slipway_runtime.storage.sources import open_source
from slipway_runtime.storage.uri import ModelUri, parse_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from slipway_runtime.storage.source import Source
    from slipway_runtime.storage.staging import Staging

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much and how long; the settings of the same names."""

    max_model_bytes: int
    pull_seconds: float
    retry_seconds: float
    allow_local_addresses: bool = False


@dataclass(frozen=True, slots=True)
class Puller:
    """Pulls models.

    Attributes:
        limits: how much and how long.
        environ: where vendors' credentials are looked up.
        clock, sleep: time, for tests to own.
        progress: called with the bytes so far and in all, see Budget.
    """

    limits: Limits
    environ: Mapping[str, str]
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    progress: Callable[[int, int], None] | None = field(default=None)

    def pull(self, uri_text: str, dest: Path, digest: str = "") -> Artifact:
        """Fetch into `dest`; a model with the pinned digest that is already there is kept.

        Raises:
            PullFailure: see Reason; the text has the remedy and no secret.
        """
        uri = parse_uri(uri_text)
        if digest and (kept := verify_in_place(dest, parse_digest(digest))):
            return kept
        limits = self.limits
        budget = Budget(limits.max_model_bytes, self.clock() + limits.pull_seconds, self.clock, self.progress)
        source = _Persistent(self.source(uri), self)
        return localize(source, uri.shown, dest, digest, budget)

    def source(self, uri: ModelUri) -> Source:
        """The storage of a URI."""
        return open_source(uri, self.environ, allow_local=self.limits.allow_local_addresses)

    def give_up_or_wait(self, failure: PullFailure, budget: Budget, pause: float) -> None:
        """After a failed attempt: sleep, or end the pull where another would change nothing.

        Raises:
            PullFailure: the pull is over.
        """
        now = self.clock()
        wait = pause * (0.5 + random.random() / 2)  # noqa: S311 # jitter is no secret
        if not failure.transient:
            raise failure
        if now + wait > budget.deadline:
            raise PullFailure(Reason.TIMEOUT, f"{failure.message}; gave up after --pull-seconds") from failure
        if now + wait > budget.last_arrival + self.limits.retry_seconds:
            raise failure
        _LOG.warning("pull failed, trying again", extra={"cause": failure.message, "wait": round(wait, 2)})
        self.sleep(wait)


class _Persistent:
    """A source that is tried again, with what had arrived."""

    def __init__(self, source: Source, puller: Puller) -> None:
        self._source = source
        self._puller = puller

    def fetch(self, staging: Staging) -> bool:
        """Attempt after attempt."""
        pause = FIRST_PAUSE
        while True:
            staging.begin()
            try:
                return self._source.fetch(staging)
            except PullFailure as failure:
                self._puller.give_up_or_wait(failure, staging.budget, pause)
            pause = min(pause * 2, LONGEST_PAUSE)
