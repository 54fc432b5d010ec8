"""What a conversion came to, written by the conversion's process and read by the server.

The process may have run a stranger's code, so what it wrote is read with suspicion: every field is checked,
no path is taken from it, and whether a pickle may be loaded is never its to say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from slipway_runtime.errors import LoadFailure, Reason
from slipway_runtime.protocol.class_labels import LONGEST

if TYPE_CHECKING:
    from pathlib import Path

VERDICT_FILE = "conversion.json"
MODEL_FILE = "model.onnx"
ONNX = "onnxruntime"
NATIVE = "native"
_MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a model is to be served.

    Attributes:
        engine: ONNX or NATIVE.
        notes: for the metadata.
        primary: the output that is the answer.
        features: names of the columns of a single matrix.
        finite: what inputs must be, because the model's own library refuses the rest: "" or a text made of
            the letters n (no NaN) and i (no infinity).
        known: by input name and column, the only values that the model's library takes there.
    """

    engine: str
    notes: Mapping[str, str] = field(default_factory=dict)
    primary: str = ""
    features: tuple[str, ...] = ()
    finite: str = ""
    known: tuple[tuple[str, int, tuple[str | float, ...]], ...] = ()

    def save(self, folder: Path) -> None:
        """Write it beside the converted model."""
        (folder / VERDICT_FILE).write_text(json.dumps(asdict(self)))


def load_verdict(folder: Path) -> Verdict:
    """Read it back.

    Raises:
        LoadFailure: ModelLoadFailed; there is none, or it is not one.
    """
    path = folder / VERDICT_FILE
    try:
        if path.is_symlink() or path.stat().st_size > _MAX_BYTES:
            raise _broken(folder)
        return _checked(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _broken(folder) from None


def _checked(raw: Any) -> Verdict:
    if raw["engine"] not in (ONNX, NATIVE):
        raise ValueError
    known = tuple(
        (str(name), int(column), tuple(value if isinstance(value, str) else float(value) for value in values))
        for name, column, values in raw["known"]
    )
    return Verdict(
        engine=raw["engine"],
        notes={str(key)[:64]: str(value)[:LONGEST] for key, value in raw["notes"].items()},
        primary=str(raw["primary"]),
        features=tuple(str(name)[:512] for name in raw["features"]),
        finite=str(raw["finite"]),
        known=known,
    )


def _broken(folder: Path) -> LoadFailure:
    return LoadFailure(
        Reason.MODEL_LOAD_FAILED,
        f"'{folder}' holds no finished conversion: run slipway-runtime convert again",
    )
