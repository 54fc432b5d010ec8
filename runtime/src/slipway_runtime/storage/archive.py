"""Archives: a model that comes as one .tar, .tar.gz, .tgz, .tar.zst or .zip is unpacked into its folder.

Who made the archive is a stranger, so only what a model needs is taken from it: plain files and folders, at
relative paths that stay inside, each name once. Links, devices, sparse files, encrypted entries are
refused, not skipped: half a model is none. Nothing in an archive sets an owner, a mode or a time. What it
may grow to is bounded by the model's limit and by its own size, so that a small file cannot fill a disk;
how many entries it may have is bounded too. Where all its entries lie in one folder, that folder is the
model.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NamedTuple

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.security.redact import redact_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from slipway_runtime.storage.staging import Staging

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.zst", ".zip")
MAX_ENTRIES = 10_000
FREE_GROWTH = 64 * 1024 * 1024
MOST_GROWTH = 100
ASIDE = ".slipway-archive"
UNPACKED = ".slipway-unpacked"


class Entry(NamedTuple):
    """One entry of an archive.

    Attributes:
        name: as it is written there.
        is_folder: and has no content.
        chunks: the content; read before the next entry is asked for.
    """

    name: str
    is_folder: bool
    chunks: Iterable[bytes]


class Growth:
    """How much an archive may still grow to.

    Args:
        size: of the archive in bytes.
    """

    def __init__(self, size: int) -> None:
        self._limit = FREE_GROWTH + MOST_GROWTH * size
        self._size = size
        self._grown = 0

    def check(self, more: int) -> None:
        """Account for bytes that come out.

        Raises:
            PullFailure: TooLarge.
        """
        self._grown += more
        if self._grown > self._limit:
            raise PullFailure(
                Reason.TOO_LARGE,
                f"the archive of {self._size} bytes holds more than {self._limit}, {MOST_GROWTH} times its "
                "size and some: store the model as files, or compress it less",
            )


def kind_of(name: str) -> str:
    """The suffix of an archive's name; empty for any other file."""
    return next((suffix for suffix in SUFFIXES if name.lower().endswith(suffix)), "")


def unpack(staging: Staging, name: str, suffix: str) -> None:
    """Replace an archive in the staging folder by what is in it.

    Args:
        staging: has the archive; its entries are claimed there.
        name: of the archive.
        suffix: what kind it is.

    Raises:
        PullFailure: UnsupportedFormat or TooLarge; names entry, limit and remedy.
    """
    archive = staging.release(name, ASIDE)
    size = archive.stat().st_size
    files = 0
    for number, entry in enumerate(_entries(archive, suffix, Growth(size))):
        if number >= MAX_ENTRIES:
            raise PullFailure(
                Reason.TOO_LARGE,
                f"the archive has more than {MAX_ENTRIES} entries: leave out what is none of the model's",
            )
        path = plain_name(entry.name)
        if entry.is_folder:
            continue  # folders come with their files; one without any is none of the model's
        staging.part(path).receive(entry.chunks, 0, "")
        files += 1
    if not files:
        raise PullFailure(Reason.UNSUPPORTED_FORMAT, f"the archive '{redact_text(name)}' has no file in it")
    archive.unlink()


def lift(folder: Path) -> None:
    """Where everything lies in one folder, make its content the model."""
    entries = list(folder.iterdir())
    if len(entries) != 1 or not entries[0].is_dir():
        return
    aside = folder / UNPACKED
    entries[0].rename(aside)
    for entry in aside.iterdir():
        entry.rename(folder / entry.name)
    shutil.rmtree(aside)


def plain_name(name: str) -> str:
    """An entry's name without the './' and the '/' at the end that archivers write."""
    while name.startswith("./"):
        name = name[2:]
    name = name.removesuffix("/")
    return "" if name == "." else name


def refused(name: str, why: str) -> PullFailure:
    """The failure for an entry that no model needs."""
    return PullFailure(
        Reason.UNSUPPORTED_FORMAT,
        f"the archive's entry '{redact_text(name)}' {why}: only plain files are taken",
    )


def broken(why: str) -> PullFailure:
    """The failure for an archive that cannot be read."""
    return PullFailure(Reason.UNSUPPORTED_FORMAT, f"the archive cannot be read, {why}: make it again")


def _entries(archive: Path, suffix: str, growth: Growth) -> Iterator[Entry]:
    if suffix == ".zip":
        from slipway_runtime.storage.archive_zip import zip_entries  # noqa: PLC0415 # only who has one pays for it

        return zip_entries(archive, growth)
    from slipway_runtime.storage.archive_tar import tar_entries  # noqa: PLC0415 # see above

    return tar_entries(archive, suffix, growth)
