"""Reads a tar archive as a stream: headers of ustar, pax and GNU, and nothing else.

The standard library's reader follows what a header says without a bound: a name of a gigabyte, a map of
sparse blocks, headers within headers. This one knows the few things that a model needs. Anything it does not
know is refused. Extended headers are bounded in length and number; of their records path and size count.
"""

from __future__ import annotations

import gzip
import zlib
from contextlib import contextmanager
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.storage.archive import Entry, broken, refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slipway_runtime.storage.archive import Growth

BLOCK = 512
CHUNK = 1024 * 1024
MAX_HEADER = 64 * 1024
_FILE = frozenset({b"0", b"\0", b"7"})
_FOLDER = b"5"
_PAX = b"x"
_PAX_GLOBAL = b"g"
_LONG_NAME = b"L"
_OTHERS = {
    b"1": "is a hard link",
    b"2": "is a symbolic link",
    b"3": "is a device",
    b"4": "is a device",
    b"6": "is a pipe",
    b"K": "is a link",
    b"S": "is a sparse file",
}


def tar_entries(archive: Path, suffix: str, growth: Growth) -> Iterator[Entry]:
    """The entries of an archive in order; each one's content is read before the next.

    Args:
        archive: the file.
        suffix: tells how it is compressed.
        growth: told of every byte that comes out.

    Raises:
        PullFailure: UnsupportedFormat or TooLarge.
    """
    with archive.open("rb") as file, _told():
        reader = _Reader(_inflated(file, suffix), growth)
        extended: dict[str, str] = {}
        while header := reader.header():
            kind = header[156:157]
            size = _number(header[124:136])
            if kind in (_PAX, _PAX_GLOBAL, _LONG_NAME):
                extended |= _extended(kind, reader.text(size), extended)
                continue
            name = extended.get("path") or _name(header)
            size = _size(extended["size"]) if "size" in extended else size
            extended = {}
            if kind not in _FILE and kind != _FOLDER:
                raise refused(name, _OTHERS.get(kind, f"is of an unknown kind {kind!a}"))
            is_folder = kind == _FOLDER or name.endswith("/")
            yield Entry(name, is_folder, reader.content(size))
            reader.skip()
        if extended:
            raise broken("it ends in the middle of an entry")
        reader.drain()


class _Reader:
    """Blocks of an archive; refuses to read what does not come."""

    def __init__(self, stream: IO[bytes], growth: Growth) -> None:
        self._stream = stream
        self._growth = growth
        self._left = 0
        self._padding = 0
        self._extended_in_a_row = 0

    def header(self) -> bytes:
        """The next header; empty at the end."""
        block = self._take(BLOCK)
        if not block.strip(b"\0"):
            return b""
        if len(block) < BLOCK or _number(block[148:156]) != _checksum(block):
            raise broken("it is damaged or no tar archive")
        return block

    def text(self, size: int) -> str:
        """The content of an extended header."""
        self._extended_in_a_row += 1
        if size > MAX_HEADER or self._extended_in_a_row > 8:  # noqa: PLR2004 # real ones have two at most
            raise broken(f"an entry's extended headers are longer than {MAX_HEADER} bytes or too many")
        content = self._exactly(size)
        self._exactly(-size % BLOCK)
        return content.rstrip(b"\0").decode("utf-8")

    def content(self, size: int) -> Iterator[bytes]:
        """The content of a file, chunk by chunk."""
        self._extended_in_a_row = 0
        self._left, self._padding = size, -size % BLOCK
        return self._chunks()

    def skip(self) -> None:
        """Read over what nobody read of a content, and its padding."""
        for _ in self._chunks():
            pass
        self._exactly(self._padding)

    def _chunks(self) -> Iterator[bytes]:
        while self._left:
            with _told():  # whoever reads the content is not in the block of the entries
                chunk = self._take(min(self._left, CHUNK))
            if not chunk:
                raise broken("it ends in the middle of a file")
            self._left -= len(chunk)
            yield chunk

    def drain(self) -> None:
        """Read what follows the end: only then is the compressed stream's sum checked."""
        while self._take(CHUNK):
            pass

    def _exactly(self, size: int) -> bytes:
        read = self._take(size) if size else b""
        if len(read) < size:
            raise broken("it ends in the middle of an entry")
        return read

    def _take(self, size: int) -> bytes:
        read = self._stream.read(size)
        self._growth.check(len(read))
        return read


def _inflated(file: IO[bytes], suffix: str) -> IO[bytes]:
    if suffix in (".tar.gz", ".tgz"):
        return gzip.GzipFile(fileobj=file, mode="rb")  # type: ignore[return-value] # a reader like any other
    if suffix == ".tar.zst":
        zstd = _zstd()
        limit = {zstd.DecompressionParameter.window_log_max: 27}  # 128 MiB, zstd's own default
        return zstd.ZstdFile(file, mode="rb", options=limit)  # type: ignore[no-any-return] # likewise
    return file


def _zstd() -> Any:
    """The standard library's from Python 3.14 on, before that the same from a package."""
    try:
        return import_module("compression.zstd")
    except ImportError:
        return import_module("backports.zstd")


@contextmanager
def _told() -> Iterator[None]:
    """What decompressors and decoders raise, as what it means."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile, UnicodeError):
        raise broken("it is damaged or not what its name says") from None
    except Exception as error:
        if type(error).__name__ == "ZstdError":
            raise broken("it is damaged or not what its name says") from None
        raise


def _number(field: bytes) -> int:
    """A number of a header: octal digits, or binary where the first bit is set."""
    if field[0] & 0x80:
        number = int.from_bytes(field, "big") & ~(0x80 << 8 * (len(field) - 1))
        if field[0] & 0x40 or number >= 2**63:
            raise broken("a number in it is negative or too large")
        return number
    digits = field.strip(b" \0")
    if not set(digits) <= set(b"01234567"):
        raise broken("a number in it is none")
    return int(digits, 8) if digits else 0


def _checksum(block: bytes) -> int:
    return sum(block[:148]) + 8 * 0x20 + sum(block[156:])


def _name(header: bytes) -> str:
    name = header[:100].partition(b"\0")[0]
    if header[257:263] == b"ustar\0":
        prefix = header[345:500].partition(b"\0")[0]
        name = prefix + b"/" + name if prefix else name
    return name.decode("utf-8")


def _extended(kind: bytes, text: str, known: dict[str, str]) -> dict[str, str]:
    if kind == _LONG_NAME:
        return {"path": text}
    found = dict(_records(text))
    if any(name.startswith("GNU.sparse.") for name in found):
        raise refused(found.get("path", known.get("path", "?")), "is a sparse file")
    if kind == _PAX_GLOBAL:
        found = {name: value for name, value in found.items() if name not in ("path", "size", "linkpath")}
    return {name: value for name, value in found.items() if name in ("path", "size")}


def _records(text: str) -> Iterator[tuple[str, str]]:
    """The records of a pax header: LENGTH NAME=VALUE and a line break, lengths in bytes."""
    left = text.encode()
    while left:
        length, space, _ = left.partition(b" ")
        size = _size(length.decode("ascii", errors="replace"))
        record = left[len(length) + 1 : size]
        name, equals, value = record.partition(b"=")
        if not space or not equals or size > len(left) or not value.endswith(b"\n"):
            raise broken("an extended header is malformed")
        yield name.decode(), value[:-1].decode()
        left = left[size:]


def _size(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):  # noqa: PLR2004 # digits of 2^63
        raise PullFailure(
            Reason.UNSUPPORTED_FORMAT, "the archive cannot be read, a length in it is none: make it again"
        )
    return int(text)
