"""Archives for tests: well made by the standard library, and badly made byte by byte."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
import zipfile
from collections.abc import Mapping

BLOCK = 512


def tar_of(*entries: tarfile.TarInfo | tuple[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar archive of files, given as name and content, and of any other entry as it is."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=form) as archive:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                archive.addfile(entry, io.BytesIO(b"x" * entry.size))
                continue
            info = tarfile.TarInfo(entry[0])
            info.size = len(entry[1])
            archive.addfile(info, io.BytesIO(entry[1]))
    return written.getvalue()


def odd(name: str, kind: bytes, target: str = "", size: int = 0) -> tarfile.TarInfo:
    """A tar entry that is no plain file."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, size
    return info


def raw_header(name: bytes, size: bytes, kind: bytes = b"0") -> bytes:
    """A tar header with fields as they are given, and the right checksum."""
    block = bytearray(BLOCK)
    block[: len(name)] = name
    block[124 : 124 + len(size)] = size
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    block[148:156] = b" " * 8
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    return bytes(block)


def pax(records: Mapping[str, str], kind: bytes = b"x") -> bytes:
    """An extended header with these records."""
    body = b"".join(_record(f" {name}={value}\n".encode()) for name, value in records.items())
    return raw_header(b"pax", f"{len(body):011o}".encode(), kind) + body + bytes(-len(body) % BLOCK)


def _record(rest: bytes) -> bytes:
    length = len(rest)
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


def zip_of(*entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return written.getvalue()


def zip_entry(name: str, mode: int) -> zipfile.ZipInfo:
    """A zip entry with a Unix mode, such as a symbolic link's."""
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (mode | 0o644) << 16
    return info


def symbolic_link(name: str) -> zipfile.ZipInfo:
    """A zip entry that is a symbolic link to its content."""
    return zip_entry(name, stat.S_IFLNK)


def gzipped(content: bytes, level: int = 1) -> bytes:
    """As `gzip -1` does it."""
    return gzip.compress(content, level, mtime=0)
