"""Starts the conversion's process, and takes its verdict.

`slipway-runtime convert` runs with an environment of its own (no credentials of the server's), without its
descriptors, and confines itself before it opens the model (security.confine). While it runs, the server's own
memory and environment are closed to it.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from slipway_runtime.errors import LoadFailure, Reason
from slipway_runtime.security.confine import hidden
from slipway_runtime.security.redact import redact_text

if TYPE_CHECKING:
    from slipway_runtime.engines.parameters import ModelParameters

SECONDS = 900.0
_LOG = logging.getLogger(__name__)
_MESSAGE_FILE = "termination.json"
_MAX_MESSAGE = 4096


def convert_apart(
    location: Path, dest: Path, implementation: str, parameters: ModelParameters, seconds: float = SECONDS
) -> None:
    """Convert a model in a process of its own.

    Raises:
        LoadFailure: why it cannot be served.
    """
    report = dest / _MESSAGE_FILE
    with hidden():
        try:
            ended = subprocess.run(  # noqa: S603 # this program itself
                [
                    *(
                        sys.executable,
                        "-m",
                        "slipway_runtime",
                        "convert",
                        str(location.absolute()),
                        str(dest),
                    ),
                    *("--implementation", implementation, "--parameters", parameters.text()),
                    *("--termination-log", str(report)),
                ],
                env=_environment(dest),
                cwd=dest,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                close_fds=True,
                start_new_session=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise LoadFailure(
                Reason.MODEL_LOAD_FAILED,
                f"the conversion of {location.name} took more than {seconds:g} s: convert the model to ONNX "
                "where it was trained",
            ) from None
    if ended.returncode:
        raise _failure(report, ended.returncode)


def _environment(dest: Path) -> dict[str, str]:
    """What a Python program needs, and nothing that was meant for the server."""
    libraries = os.environ.get("LD_LIBRARY_PATH")  # where the image keeps OpenMP
    return {
        **({"LD_LIBRARY_PATH": libraries} if libraries else {}),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(dest),
        "TMPDIR": str(dest),
        "LANG": "C.UTF-8",
        "USER": "slipway",
        "PYTHONPATH": ":".join(path for path in sys.path if path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "ORT_DISABLE_TELEMETRY": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _failure(report: Path, code: int) -> LoadFailure:
    """What the process said; it may have run a stranger's code, so what it said is no more than text."""
    try:
        with report.open("rb") as file:
            said = json.loads(file.read(_MAX_MESSAGE))
        message = redact_text("".join(one for one in str(said["message"]) if one.isprintable()))
        return LoadFailure(Reason(said["reason"]), message)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        memory = "; it may have run out of memory" if code < 0 else ""
        return LoadFailure(Reason.MODEL_LOAD_FAILED, f"the conversion {how}{memory}")
