"""Reads a zip archive: its directory first, which is bounded before it is parsed.

The standard library makes an object of every directory entry, so a directory of a million entries would take
half a gigabyte before the first is looked at. Entries whose bytes overlap, or whose sizes lie, are what bombs
are made of; the library checks sums as it reads, sizes and overlap are checked here.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.storage.archive import MAX_ENTRIES, Entry, broken, refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slipway_runtime.storage.archive import Growth

MAX_DIRECTORY = 4 * 1024 * 1024
CHUNK = 1024 * 1024
_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LONGEST_COMMENT = 65_535
_ENCRYPTED = 0x1
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    UnicodeError,
    struct.error,
    ValueError,
)


def zip_entries(archive: Path, growth: Growth) -> Iterator[Entry]:
    """The entries of an archive in the directory's order.

    Args:
        archive: the file.
        growth: told of every byte that comes out.

    Raises:
        PullFailure: UnsupportedFormat or TooLarge.
    """
    with archive.open("rb") as file:
        _check_directory(file, archive.stat().st_size)
        with _told(), zipfile.ZipFile(file) as opened:
            found = opened.infolist()
            _check_all(found, growth)
            for info in found:
                name = info.orig_filename
                yield Entry(name, name.endswith("/"), _content(opened, info))


def _check_directory(file: IO[bytes], size: int) -> None:
    """Refuse a directory that is too long to be parsed, by the archive's last record."""
    begin = max(0, size - _LONGEST_COMMENT - _END.size)
    file.seek(begin)
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise broken("it is damaged or no zip archive")
    _, _, _, _, entries, length, _, _ = _END.unpack_from(tail, at)
    locator = at - _END64_LOCATOR.size
    if locator >= 0 and tail[locator : locator + 4] == b"PK\x06\x07":
        _, _, offset, _ = _END64_LOCATOR.unpack_from(tail, locator)
        if (
            offset != begin + locator - _END64.size or offset < 0
        ):  # where the library reads it, whatever stands here
            raise broken("it is damaged or no zip archive")
        file.seek(offset)
        _, _, _, _, _, _, _, entries, length, _ = _END64.unpack(file.read(_END64.size))
    if entries > MAX_ENTRIES or length > MAX_DIRECTORY:
        raise PullFailure(
            Reason.TOO_LARGE,
            f"the archive has {entries} entries in a directory of {length} bytes, the limits are "
            f"{MAX_ENTRIES} and {MAX_DIRECTORY}: leave out what is none of the model's",
        )
    file.seek(0)


def _check_all(found: list[zipfile.ZipInfo], growth: Growth) -> None:
    """What can be told from the directory alone."""
    growth.check(sum(info.file_size for info in found))
    end = 0
    for info in sorted(found, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise refused(info.orig_filename, "overlaps another")
        end = info.header_offset + info.compress_size
        mode = info.external_attr >> 16
        if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise refused(info.orig_filename, "is a link or a device")
        if info.flag_bits & _ENCRYPTED:
            raise refused(info.orig_filename, "is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise refused(info.orig_filename, f"is compressed by method {info.compress_type}, not by deflate")


def _content(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """What an entry holds; the library reads no more than the directory says, and checks the sum."""
    left = info.file_size
    with _told(), opened.open(info) as reader:
        while chunk := reader.read(CHUNK):
            left -= len(chunk)
            yield chunk
    if left:
        raise broken("a file in it is shorter than its directory says")


@contextmanager
def _told() -> Iterator[None]:
    """What the library raises, as what it means."""
    try:
        yield
    except _BROKEN:
        raise broken("it is damaged or no zip archive") from None
