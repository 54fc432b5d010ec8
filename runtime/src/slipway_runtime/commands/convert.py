"""`slipway-runtime convert`: from a model in its own library's format to ONNX, if that is exact.

What the pod's second init container runs, and what `serve` starts where there is none. It confines itself
before it imports or opens anything of the model's: a pickle is a program. Afterwards the folder holds the
verdict and, where the conversion is exact, the converted model.
"""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from slipway_runtime.commands.exits import EXIT_CODES
from slipway_runtime.commands.termination import write_termination_message
from slipway_runtime.engines.parameters import ModelParameters
from slipway_runtime.errors import Failure, LoadFailure, Reason
from slipway_runtime.security.confine import confine
from slipway_runtime.settings import termination_log
from slipway_runtime.telemetry import log

if TYPE_CHECKING:
    from slipway_runtime.settings import ConvertSettings

_LOG = logging.getLogger(__name__)


def convert(source: str, dest: str, settings: ConvertSettings) -> int:
    """Convert a model; returns the exit code."""
    log.configure()
    warnings.simplefilter("ignore")  # the gate, not a warning, tells whether a conversion is right
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when it is imported
    report = termination_log(settings)
    try:
        parameters = ModelParameters.parse(settings.parameters)
        layers = _confine(Path(source), Path(dest), report)
        notes = _convert(Path(source), Path(dest), settings.implementation, parameters)
    except Failure as failure:
        _LOG.error("cannot convert", extra={"reason": str(failure.reason), "cause": failure.message})
        write_termination_message(report, failure.reason, failure.message)
        return EXIT_CODES[failure.reason]
    except MemoryError:
        message = "the conversion ran out of memory: give it more, or convert the model where it was trained"
        write_termination_message(report, Reason.MODEL_LOAD_FAILED, message)
        return EXIT_CODES[Reason.MODEL_LOAD_FAILED]
    _LOG.info("converted", extra={"notes": notes, "confined_by": layers})
    write_termination_message(
        report, Reason.CONVERTED, ", ".join(f"{key} {value}" for key, value in notes.items())
    )
    return EXIT_CODES[Reason.CONVERTED]


def _confine(source: Path, dest: Path, report: Path | None) -> tuple[str, ...]:
    """Leave the model to read, the folder and the report to write."""
    try:
        dest.mkdir(parents=True, exist_ok=True)
        if report is not None:
            report.touch()
    except OSError as error:
        raise LoadFailure(
            Reason.MODEL_LOAD_FAILED, f"cannot write to '{dest}' or the termination log: errno {error.errno}"
        ) from None
    # What a volume shows may be links to where the files are.
    linked = [
        path.resolve() for path in (source.iterdir() if source.is_dir() else [source]) if path.is_symlink()
    ]
    writable = [dest.resolve(), *([report.resolve()] if report is not None else [])]
    return confine([source.resolve(), *linked], writable)


def _convert(source: Path, dest: Path, implementation: str, parameters: ModelParameters) -> dict[str, str]:
    from slipway_runtime.engines.convert.command import convert_model  # noqa: PLC0415 # threads: only once confined

    return convert_model(source, dest, implementation, parameters)
