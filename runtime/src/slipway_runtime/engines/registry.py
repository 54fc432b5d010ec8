"""Which format a model has: asked for by name, or told from its files.

A format is one row in FORMATS. What is data may be found by itself (AUTO); a pickle, whose loading runs it,
is taken only where it is asked for by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from slipway_runtime.engines.mlflow import MLMODEL, read_mlmodel
from slipway_runtime.errors import LoadFailure, Reason
from slipway_runtime.security.redact import redact_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_SNIFFED = 4096


class Format(NamedTuple):
    """One kind of model file.

    Attributes:
        implementation: how it is asked for by name.
        suffixes: how its files end, the preferred one first.
        auto: those that AUTO takes, too.
        is_one: for endings that other files have as well: do the first bytes look like it?
    """

    implementation: str
    suffixes: tuple[str, ...]
    auto: tuple[str, ...]
    is_one: Callable[[bytes], bool] = lambda _: True


class Found(NamedTuple):
    """A model on disk.

    Attributes:
        path: its file.
        implementation: its format; never AUTO or MLFLOW_SERVER, which stand for others.
        features: names of its columns, from an MLflow signature.
        asked_for: its format was asked for by name.
    """

    path: Path
    implementation: str
    features: tuple[str, ...] = ()
    asked_for: bool = False


AUTO, MLFLOW = "AUTO", "MLFLOW_SERVER"
ONNX, SKLEARN, XGBOOST, LIGHTGBM = "ONNX_SERVER", "SKLEARN_SERVER", "XGBOOST_SERVER", "LIGHTGBM_SERVER"
PICKLES = (".joblib", ".pkl", ".pickle")

FORMATS = (
    Format(ONNX, (".onnx",), (".onnx",)),
    Format(
        LIGHTGBM, (".txt", ".bst", ".lgb"), (".txt", ".bst", ".lgb"), lambda head: head.startswith(b"tree\n")
    ),
    Format(
        XGBOOST,
        (".ubj", ".json", ".bst", ".xgb"),
        (".ubj", ".json", ".bst", ".xgb"),
        lambda head: head[:1] == b"{" and b"learner" in head[:64],
    ),
    Format(SKLEARN, (".skops", *PICKLES), (".skops",)),
)
IMPLEMENTATIONS = (AUTO, *(known.implementation for known in FORMATS), MLFLOW)


def find_model(location: Path, implementation: str = AUTO) -> Found:
    """The model file in a folder (or the file itself) and its format.

    A folder holds one model file at its top; of several, the one called `model` is taken. A format that is
    asked for by name also takes the only file of a folder, whatever it is called.

    Raises:
        LoadFailure: UnsupportedFormat; names what was found and what is served.
    """
    files = [location] if location.is_file() else sorted(_visible_files(location))
    if implementation in (AUTO, MLFLOW):
        mlmodel = next((path for path in files if path.name == MLMODEL), None)
        if mlmodel is not None:
            return _of_mlflow(mlmodel, implementation)
        if implementation == MLFLOW:
            raise _unsupported(f"found {_listed(files)}; an MLflow model is a folder with the file {MLMODEL}")
    asked_for = implementation != AUTO
    formats = [known for known in FORMATS if implementation in (AUTO, known.implementation)]
    for known in formats:
        matching = [path for path in files if _matches(path, known, asked_for=asked_for)]
        if matching:
            return Found(_the_one(matching), known.implementation, asked_for=asked_for)
    if asked_for and len(files) == 1:
        return Found(files[0], implementation, asked_for=True)
    pickles = [path for path in files if path.suffix in PICKLES]
    if pickles and not asked_for:
        raise _unsupported(
            f"found {_listed(pickles)}, which is a pickle: loading one runs code, so it has to be asked for "
            f"with the implementation {SKLEARN}; better, save the model as .skops or .onnx"
        )
    suffixes = ", ".join(
        suffix for known in formats for suffix in (known.suffixes if asked_for else known.auto)
    )
    raise _unsupported(f"found {_listed(files)}; served are files ending in {suffixes}")


def _of_mlflow(mlmodel: Path, implementation: str) -> Found:
    model = read_mlmodel(mlmodel.parent)
    is_pickle = model.implementation == SKLEARN and model.path.suffix != ".skops"
    if is_pickle and implementation == AUTO:
        raise _unsupported(
            f"the MLflow model is the pickle {model.path.name}: loading one runs code, so it has to be asked "
            f"for with the implementation {MLFLOW}; better, save the model as .skops or .onnx"
        )
    return Found(model.path, model.implementation, model.features, asked_for=implementation != AUTO)


def _matches(path: Path, known: Format, *, asked_for: bool) -> bool:
    if not path.name.endswith(known.suffixes if asked_for else known.auto):
        return False
    return path.name.endswith(".onnx") or asked_for or known.is_one(_head(path))


def _the_one(matching: list[Path]) -> Path:
    preferred = [path for path in matching if path.stem == "model"]
    if len(matching) == 1 or len(preferred) == 1:
        return (preferred or matching)[0]
    names = ", ".join(path.name for path in matching[:5])
    raise _unsupported(
        f"there are {len(matching)} models ({names}): call the one to serve model{matching[0].suffix}"
    )


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_SNIFFED)


def _visible_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise LoadFailure(Reason.NOT_FOUND, f"there is no file or folder '{folder}'")
    return [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]


def _listed(files: list[Path]) -> str:
    return ", ".join(path.name for path in files[:5]) or "no file"


def _unsupported(message: str) -> LoadFailure:
    return LoadFailure(Reason.UNSUPPORTED_FORMAT, redact_text(message))
