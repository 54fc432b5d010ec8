"""MLflow's model folders: which file of the folder is the model, in which format, and its columns' names.

The file `MLmodel` lists the flavours in which the model was saved. The first one that is served natively is
taken; the generic python_function flavour is code and is not.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from slipway_runtime.errors import LoadFailure, Reason
from slipway_runtime.security.redact import redact_text

if TYPE_CHECKING:
    from pathlib import Path

MLMODEL = "MLmodel"
_MAX_BYTES = 1024 * 1024
_FLAVOURS = {
    "onnx": ("data", "ONNX_SERVER", "model.onnx"),
    "xgboost": ("data", "XGBOOST_SERVER", "model.ubj"),
    "lightgbm": ("data", "LIGHTGBM_SERVER", "model.lgb"),
    "sklearn": ("pickled_model", "SKLEARN_SERVER", "model.pkl"),
}


class MlflowModel(NamedTuple):
    """What an MLmodel file says.

    Attributes:
        path: the model's file, inside the folder.
        implementation: the format of that file.
        features: names of the signature's columns; empty where it has none.
    """

    path: Path
    implementation: str
    features: tuple[str, ...]


def read_mlmodel(folder: Path) -> MlflowModel:
    """Read a folder's MLmodel.

    Raises:
        LoadFailure: UnsupportedFormat; it is not one, or has no flavour that is served.
    """
    document = _document(folder / MLMODEL)
    flavours = document.get("flavors")
    flavours = flavours if isinstance(flavours, dict) else {}
    for flavour, (key, implementation, default) in _FLAVOURS.items():
        entry = flavours.get(flavour)
        if isinstance(entry, dict):
            name = entry.get(key) or default
            return MlflowModel(_inside(folder, name, default), implementation, _columns(document))
    found = ", ".join(str(name) for name in list(flavours)[:8]) or "none"
    raise _refusal(
        f"its flavours are {found}; served are {', '.join(_FLAVOURS)}: log the model with one of these"
    )


def _document(path: Path) -> dict[str, Any]:
    if path.stat().st_size > _MAX_BYTES:
        raise _refusal(f"it is larger than {_MAX_BYTES} bytes")
    try:
        document = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, RecursionError, ValueError):
        raise _refusal("it is not YAML") from None
    if not isinstance(document, dict):
        raise _refusal("it is not an object")
    return document


def _inside(folder: Path, name: object, default: str) -> Path:
    """The file, which may be named by the folder that holds it, as the ONNX flavour has it."""
    path = (folder / str(name)).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise _refusal(f"its model {str(name)[:80]!a} lies outside the folder")
    path = path / default if path.is_dir() else path
    if not path.is_file():
        raise _refusal(f"its model {str(name)[:80]!a} is not in the folder")
    return path


def _columns(document: dict[str, Any]) -> tuple[str, ...]:
    signature = document.get("signature")
    try:
        inputs = json.loads(signature["inputs"]) if isinstance(signature, dict) else []
    except (KeyError, TypeError, ValueError, RecursionError):
        return ()
    named = [
        entry.get("name") for entry in inputs if isinstance(entry, dict) and entry.get("type") != "tensor"
    ]
    texts = tuple(name for name in named if isinstance(name, str))
    return texts if len(texts) == len(named) else ()


def _refusal(message: str) -> LoadFailure:
    return LoadFailure(Reason.UNSUPPORTED_FORMAT, redact_text(f"MLmodel cannot be served: {message}"))
