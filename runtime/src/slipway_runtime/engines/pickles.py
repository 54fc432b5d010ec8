"""Loads scikit-learn's files.

A pickle runs whatever its author wrote: only confined code, or a server that was told to (`allow_native`),
comes here. Files of skops hold data and are read by types that are known to be safe.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from slipway_runtime.errors import LoadFailure, Reason
from slipway_runtime.security.redact import redact_text

if TYPE_CHECKING:
    from pathlib import Path

SKOPS_SUFFIX = ".skops"


def load_estimator(path: Path) -> Any:
    """The object in a joblib, pickle or skops file.

    Raises:
        LoadFailure: UnsupportedFormat; it cannot be read, or skops does not trust its types.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # versions: the gate, not a warning, tells whether answers are right
        return _load_skops(path) if path.suffix == SKOPS_SUFFIX else _load_pickle(path)


def _load_pickle(path: Path) -> Any:
    import joblib  # noqa: PLC0415 # only who loads a pickle pays for it

    try:
        return joblib.load(path)
    except ModuleNotFoundError as error:
        raise _refusal(
            f"{path.name} needs the module {str(error.name)[:80]!a}, which the server does not have: "
            "save an estimator of scikit-learn alone"
        ) from None
    except MemoryError:
        raise
    except BaseException as error:  # noqa: BLE001 # a pickle may raise anything, SystemExit too
        raise _refusal(
            f"{path.name} cannot be unpickled ({type(error).__name__}): save it with joblib and the "
            "scikit-learn version of the server"
        ) from None


def _load_skops(path: Path) -> Any:
    from skops import io  # noqa: PLC0415 # seconds of imports

    try:
        untrusted = io.get_untrusted_types(file=path)
        if not untrusted:
            return io.load(path, trusted=[])
    except Exception as error:  # noqa: BLE001 # it raises whatever its parsers raise
        raise _refusal(f"{path.name} is not a skops file that can be read ({type(error).__name__})") from None
    names = ", ".join(str(name)[:60] for name in untrusted[:4])
    raise _refusal(f"{path.name} holds types that skops does not trust ({names}): save it without them")


def _refusal(message: str) -> LoadFailure:
    return LoadFailure(Reason.UNSUPPORTED_FORMAT, redact_text(message))
