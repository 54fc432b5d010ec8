"""Which engine serves a model: asked for by name, or told from its files.

A format is added by a module beside this one and one row in ENGINES.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from slipway_runtime.errors import LoadFailure, Reason
from slipway_runtime.security.redact import redact_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from slipway_runtime.engines.engine import Engine


class Format(NamedTuple):
    """One kind of model file.

    Attributes:
        implementation: how it is asked for by name.
        suffix: how its files end.
        load: path and threads to a loaded engine; imports its library when called.
    """

    implementation: str
    suffix: str
    load: Callable[[Path, int], Engine]


def _load_onnx(path: Path, threads: int) -> Engine:
    # ONNX Runtime reports to its vendor unless this is set before it is imported.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    from slipway_runtime.engines.onnx import OnnxEngine  # noqa: PLC0415 # only who serves ONNX pays for it

    return OnnxEngine(path, threads)


FORMATS = (Format("ONNX_SERVER", ".onnx", _load_onnx),)
AUTO = "AUTO"


def find_model(location: Path, implementation: str = AUTO) -> tuple[Path, Format]:
    """The model file in a folder (or the file itself) and its format.

    A folder holds one model file at its top; of several, the one called `model` is taken. A format that is
    asked for by name also takes the only file of a folder, whatever it is called.

    Raises:
        LoadFailure: UnsupportedFormat; names what was found and what is served.
    """
    formats = [known for known in FORMATS if implementation in (AUTO, known.implementation)]
    files = [location] if location.is_file() else sorted(_visible_files(location))
    for known in formats:
        matching = [path for path in files if path.name.endswith(known.suffix)]
        preferred = [path for path in matching if path.name == f"model{known.suffix}"]
        if len(matching) == 1 or preferred:
            return (preferred or matching)[0], known
        if matching:
            names = ", ".join(path.name for path in matching[:5])
            raise _unsupported(
                f"there are {len(matching)} models ({names}): call the one to serve model{known.suffix}"
            )
    if implementation != AUTO and len(files) == 1 and formats:
        return files[0], formats[0]
    found = ", ".join(path.name for path in files[:5]) or "no file"
    suffixes = ", ".join(known.suffix for known in formats)
    raise _unsupported(f"found {found}; served are files ending in {suffixes}")


def _visible_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise LoadFailure(Reason.NOT_FOUND, f"there is no file or folder '{folder}'")
    return [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]


def _unsupported(message: str) -> LoadFailure:
    return LoadFailure(Reason.UNSUPPORTED_FORMAT, redact_text(message))
