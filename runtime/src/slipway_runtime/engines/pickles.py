"""Loads scikit-learn's files.

A pickle runs whatever its author wrote: only confined code, or a server that was told to (`allow_native`),
comes here. Files of skops name the types that they need. Those that skops trusts make the file plain data;
scikit-learn's compiled ones (trees, say) believe their arrays, so a file with these is opened like a pickle;
any other is refused.
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


def is_data(path: Path) -> bool:
    """True where loading the file runs no code and believes no memory layout: skops, of trusted types."""
    return path.suffix == SKOPS_SUFFIX and not _untrusted(path)


def _load_skops(path: Path) -> Any:
    """Types of scikit-learn's own, such as its trees, are taken beyond those that skops trusts by itself."""
    from skops import io  # noqa: PLC0415 # seconds of imports

    untrusted = _untrusted(path)
    strange = [name for name in untrusted if not name.startswith("sklearn.")]
    if strange:
        names = ", ".join(name[:60] for name in strange[:4])
        raise _refusal(f"{path.name} holds types that are not trusted ({names}): save it without them")
    try:
        return io.load(path, trusted=untrusted)
    except Exception as error:  # noqa: BLE001 # it raises whatever its parsers raise
        raise _unreadable(path, error) from None


def _untrusted(path: Path) -> list[str]:
    from skops import io  # noqa: PLC0415 # seconds of imports

    try:
        return [str(name) for name in io.get_untrusted_types(file=path)]
    except Exception as error:  # noqa: BLE001 # it raises whatever its parsers raise
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> LoadFailure:
    return _refusal(f"{path.name} is not a skops file that can be read ({type(error).__name__})")


def _refusal(message: str) -> LoadFailure:
    return LoadFailure(Reason.UNSUPPORTED_FORMAT, redact_text(message))
