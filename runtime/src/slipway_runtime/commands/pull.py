"""`slipway-runtime pull`: what an init container runs.

The digest goes to standard output, for whoever wants to pin it; how it went goes to the log and the
termination message, success and failure alike.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from slipway_runtime.commands.exits import EXIT_CODES
from slipway_runtime.commands.progress import progress_for
from slipway_runtime.commands.termination import write_termination_message
from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.settings import termination_log
from slipway_runtime.storage.pull import Limits, Puller
from slipway_runtime.telemetry import log

if TYPE_CHECKING:
    from types import FrameType

    from slipway_runtime.settings import CommonSettings, PullSettings

_LOG = logging.getLogger(__name__)


def pull(uri: str, dest: str, settings: PullSettings) -> int:
    """Fetch a model; returns the exit code."""
    log.configure()
    # The first process of a container ignores SIGTERM unless it has a handler.
    signal.signal(signal.SIGTERM, _terminated)
    report = termination_log(settings)
    puller = puller_of(settings)
    try:
        artifact = puller.pull(uri, Path(dest), settings.digest)
    except PullFailure as failure:
        _LOG.error("pull failed", extra={"reason": str(failure.reason), "cause": failure.message})
        write_termination_message(report, failure.reason, failure.message)
        return EXIT_CODES[failure.reason]
    facts: dict[str, object] = {
        "digest": artifact.digest,
        "sizeBytes": artifact.size_bytes,
        "seconds": artifact.seconds,
    }
    _LOG.info("pulled", extra={"uri": artifact.uri, "files": artifact.files, **facts})
    write_termination_message(
        report, Reason.PULLED, f"pulled {artifact.files} file(s) from '{artifact.uri}'", facts
    )
    sys.stdout.write(artifact.digest + "\n")
    return EXIT_CODES[Reason.PULLED]


def puller_of(settings: CommonSettings) -> Puller:
    """A puller with these settings' limits, which tells how far it is."""
    limits = Limits(
        settings.max_model_bytes,
        settings.pull_seconds,
        settings.retry_seconds,
        settings.allow_local_addresses,
    )
    return Puller(limits, os.environ, progress=progress_for(sys.stderr))


def _terminated(signum: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + signum)
