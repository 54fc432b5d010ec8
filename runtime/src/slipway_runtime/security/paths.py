"""Object keys to relative paths that stay inside the folder they are written to."""

from __future__ import annotations

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.security.redact import redact_text

MAX_LENGTH = 1024
MAX_PART = 255


def safe_path(key: str) -> str:
    """A key as a relative POSIX path, unchanged, or a refusal.

    Raises:
        PullFailure: UnsupportedFormat; the key is absolute, climbs out, hides, or no file system takes it.
    """
    parts = key.split("/")
    plain = key.isprintable() and "\\" not in key and len(key) <= MAX_LENGTH
    if plain and all(0 < len(part.encode()) <= MAX_PART and not _reserved(part) for part in parts):
        return key
    raise PullFailure(
        Reason.UNSUPPORTED_FORMAT,
        f"object key '{redact_text(key)}' cannot be a file of a model: keys are relative paths of printable "
        f"characters, without '..' or names that begin with .slipway-, at most {MAX_LENGTH} long",
    )


def _reserved(part: str) -> bool:
    return part in (".", "..") or part.startswith(".slipway-")
