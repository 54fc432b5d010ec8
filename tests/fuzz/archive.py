"""Fuzz target: an archive becomes plain files inside its folder, within its bounds, or a typed refusal."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from coverage_guided import check_refusal, fuzz, instrumented

with instrumented("slipway_runtime"):
    from slipway_runtime.errors import PullFailure
    from slipway_runtime.storage import archive_tar, archive_zip
    from slipway_runtime.storage.archive import unpack
    from slipway_runtime.storage.source import Budget
    from slipway_runtime.storage.staging import Staging

MOST = 1_000_000
WATCHED = (archive_tar, archive_zip)  # imported here, so that their branches are seen
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 # a place in memory, where there is one
KINDS = (".tar", ".tar.gz", ".tar.zst", ".zip")


def one(document: bytes) -> None:
    """Unpack; the first byte chooses the kind."""
    if not document:
        return
    suffix = KINDS[document[0] % len(KINDS)]
    for left in INNER.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    staging = Staging(INNER, Budget(MOST, 1e18, clock=lambda: 0.0))
    name = f"m{suffix}"
    staging.part(name).receive([document[1:]], 0, "")
    try:
        unpack(staging, name, suffix)
    except PullFailure as failure:
        check_refusal(failure.message)
        assert not failure.transient  # noqa: PT017 # both ends are right
    assert [path.name for path in OUTER.iterdir()] == [INNER.name], "something was written outside"
    found = [path for path in INNER.rglob("*") if not path.is_dir()]
    assert not any(path.is_symlink() or not path.is_file() for path in found), "not a plain file"
    assert sum(path.stat().st_size for path in found) <= MOST + len(document), "more than the limit"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        OUTER = Path(folder)
        INNER = OUTER / "inner"
        INNER.mkdir()
        fuzz(one, __file__)
