r"""The digest of a model: what `modelDigest` pins and what the puller reports.

A file's digest is its SHA-256. A folder's is the SHA-256 of a manifest with one line per file, sorted by
path as bytes: 64 hex digits of the file's SHA-256, two spaces, the path relative to the folder, a newline.
So it can be had without this program:

    cd FOLDER && find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum

A file added, missing, renamed or changed changes it; modes and times do not.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from slipway_runtime.errors import PullFailure, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_PATTERN = re.compile(r"sha256:[0-9a-f]{64}")


def parse_digest(text: str) -> str:
    """Check a pin's spelling; it is never used as a path.

    Raises:
        PullFailure: InvalidSettings.
    """
    if not _PATTERN.fullmatch(text):
        raise PullFailure(
            Reason.INVALID_SETTINGS,
            f"the digest must be 'sha256:' and 64 lower-case hex digits; got {len(text)} other characters",
        )
    return text


def digest_file(path: Path) -> str:
    """SHA-256 of one file's bytes."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def digest_folder(folder: Path, files: Iterable[Path]) -> str:
    """SHA-256 of the manifest of these files below the folder, see above."""
    names = sorted(str(path.relative_to(folder)).encode() for path in files)
    manifest = hashlib.sha256()
    for name in names:
        digest = digest_file(folder / name.decode()).removeprefix("sha256:")
        manifest.update(f"{digest}  ".encode() + name + b"\n")
    return "sha256:" + manifest.hexdigest()
