"""Archives: what comes out of a good one, and that nothing comes out of a bad one."""

from __future__ import annotations

import io
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from archives import gzipped, odd, pax, raw_header, symbolic_link, tar_of, zip_entry, zip_of
from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.storage.archive import FREE_GROWTH, MAX_ENTRIES, MOST_GROWTH
from slipway_runtime.storage.pull import Puller

Pullers = Callable[..., Puller]
MEBIBYTE = 1024 * 1024
FILES = (("model.onnx", b"graph"), ("weights/0.bin", b"zero"))
LONG = "n" * 120 + "/" + "m" * 130
END = bytes(1024)


@pytest.fixture
def unpacked(puller: Pullers, tmp_path: Path) -> Callable[..., dict[str, bytes]]:
    """Pulls an archive of a name from this machine; returns what came out, or raises."""

    def run(name: str, content: bytes, max_model_bytes: int = 2**30) -> dict[str, bytes]:
        (tmp_path / "source").mkdir()
        (tmp_path / "source" / name).write_bytes(content)
        dest = tmp_path / "inside" / "dest"
        try:
            puller(max_model_bytes=max_model_bytes).pull(f"file:{tmp_path}/source/{name}", dest)
        finally:
            names = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
            outside = {name for name in names if not name.startswith(("source/", "inside/dest/"))}
            assert outside == set(), "something was written outside"
        found = {str(path.relative_to(dest)): path.read_bytes() for path in dest.rglob("*") if path.is_file()}
        return {name: text for name, text in found.items() if not name.startswith(".slipway-")}

    return run


Unpacked = Callable[..., dict[str, bytes]]


def _zstd(content: bytes) -> bytes:
    from backports import zstd  # noqa: PLC0415 # from Python 3.14 on it is the standard library's

    packed: bytes = zstd.compress(content)
    return packed


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("m.tar", tar_of(*FILES)),
        ("m.tar", tar_of(*FILES, form=tarfile.GNU_FORMAT)),
        ("m.tar", tar_of(*FILES, form=tarfile.USTAR_FORMAT)),
        ("m.tar.gz", gzipped(tar_of(*FILES))),
        ("m.tgz", gzipped(tar_of(*FILES))),
        ("M.TAR.GZ", gzipped(tar_of(*FILES))),
        ("m.tar.zst", _zstd(tar_of(*FILES))),
        ("m.zip", zip_of(*FILES)),
        ("m.zip", zip_of(*FILES, method=zipfile.ZIP_STORED)),
        ("m.tar", tar_of(*((f"./{name}", text) for name, text in FILES))),
        ("m.tar", tar_of(*((f"iris/{name}", text) for name, text in FILES))),
        ("m.zip", zip_of(*((f"iris/{name}", text) for name, text in FILES))),
        ("m.tar", tar_of(odd("weights/", tarfile.DIRTYPE), odd("empty", tarfile.DIRTYPE), *FILES)),
        ("m.tar", tar_of(odd(".", tarfile.DIRTYPE), *FILES)),
    ],
)
def test_every_archivers_work_is_read(unpacked: Unpacked, name: str, content: bytes) -> None:
    """Tar and zip of all descents, with or without one folder around everything."""
    assert unpacked(name, content) == dict(FILES)


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("path", [LONG, "a/ü é/日本.bin"])
def test_long_and_foreign_names_arrive(unpacked: Unpacked, form: int, path: str) -> None:
    """Each format of tar has its own way to write them."""
    if form == tarfile.USTAR_FORMAT and path == LONG:
        path = path[:-31]  # its limit
    assert unpacked("m.tar", tar_of((path, b"x"), ("b", b"y"), form=form)) == {path: b"x", "b": b"y"}


def test_no_mode_comes_out_of_an_archive(unpacked: Unpacked, tmp_path: Path) -> None:
    """Neither a set-user-id bit nor a file that its owner cannot read."""
    info = odd("model.onnx", tarfile.REGTYPE, size=3)
    info.mode = 0o6000
    unpacked("m.tar", tar_of(info))
    assert stat.S_IMODE((tmp_path / "inside/dest/model.onnx").stat().st_mode) & 0o7700 == 0o600


SLIPS = [
    "../evil",
    "a/../../evil",
    "/evil",
    "//evil",
    "..",
    "a/..",
    "a//b",
    "a/./b",
    "..\\evil",
    "a\\..\\..\\evil",
    "C:\\evil",
    ".slipway-partial/evil",
    ".slipway-artifact.json",
    "a/.slipway-x",
    "n" * 300,
    "a/" * 600 + "b",
    "\u202egpj.exe",
    "a\nb",
]


@pytest.mark.parametrize("name", SLIPS)
@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_an_entry_that_leads_out_is_refused(unpacked: Unpacked, kind: str, name: str) -> None:
    """Whoever packed the archive chose its names; one bad entry and the whole archive is refused."""
    entries = (("model.onnx", b"graph"), (name, b"out"))
    content = zip_of(*entries) if kind == "zip" else tar_of(*entries)
    with pytest.raises(PullFailure) as caught:
        unpacked(f"m.{kind}", gzipped(content) if kind == "tar.gz" else content)
    assert (caught.value.reason, caught.value.transient) == (Reason.UNSUPPORTED_FORMAT, False)
    assert caught.value.message.isprintable()


SPARSE = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(10**10)}
ODD = {
    "a symbolic link": tar_of(odd("a", tarfile.SYMTYPE, "/etc"), ("a/passwd", b"x")),
    "a link within": tar_of(("a", b"x"), odd("b", tarfile.SYMTYPE, "a")),
    "a hard link": tar_of(odd("a", tarfile.LNKTYPE, "/etc/passwd")),
    "a character device": tar_of(odd("a", tarfile.CHRTYPE)),
    "a block device": tar_of(odd("a", tarfile.BLKTYPE)),
    "a pipe": tar_of(odd("a", tarfile.FIFOTYPE)),
    "a sparse file": tar_of(odd("a", tarfile.GNUTYPE_SPARSE)),
    "a sparse file of pax": pax(SPARSE) + raw_header(b"a", b"00000000000") + END,
    "a long link": tar_of(odd("a", tarfile.SYMTYPE, "b" * 200), form=tarfile.GNU_FORMAT),
    "an unknown kind": tar_of(odd("a", b"Z")),
    "a symbolic link in a zip": zip_of((symbolic_link("a"), b"/etc")),
    "a pipe in a zip": zip_of((zip_entry("a", stat.S_IFIFO), b"")),
    "an unknown method": zip_of(("a", b"x"), method=zipfile.ZIP_BZIP2),
}


@pytest.mark.parametrize("what", ODD)
def test_an_entry_that_no_model_needs_is_refused(unpacked: Unpacked, what: str) -> None:
    """Left out in silence it would be missing; made, it would lead somewhere."""
    with pytest.raises(PullFailure, match="only plain files are taken") as caught:
        unpacked("m.zip" if ODD[what][:2] == b"PK" else "m.tar", ODD[what])
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("names", [("a", "a"), ("a", "a/b"), ("a/b", "a"), ("a", "./a")], ids="+".join)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_place_are_refused(unpacked: Unpacked, kind: str, names: tuple[str, str]) -> None:
    """Which of them was scanned, and which is served?"""
    entries = [(name, b"x") for name in names]
    with pytest.raises(PullFailure) as caught:
        unpacked(f"m.{kind}", zip_of(*entries) if kind == "zip" else tar_of(*entries))
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT


def _flagged(flag: int) -> bytes:
    """A zip whose entry has a flag set in both of its headers."""
    content = bytearray(zip_of(("a", b"x")))
    content[6] |= flag
    content[content.index(b"PK\x01\x02") + 8] |= flag
    return bytes(content)


GOOD_TAR = tar_of(*FILES)
GOOD_ZIP = zip_of(*FILES)
HUGE_CHAIN = b"".join(pax({"path": "a"}) for _ in range(5000))
BROKEN = {
    "m.tar": {
        "empty": b"",
        "zeros": bytes(10_240),
        "text": b"not a tar archive" * 100,
        "cut in a header": GOOD_TAR[:300],
        "cut in a file": raw_header(b"a", b"00000001000") + b"x" * 100,
        "a wrong checksum": b"x" + GOOD_TAR[1:],
        "a negative size": raw_header(b"a", b"\xff" * 12) + END,
        "a size beyond all": raw_header(b"a", b"\x80" + b"\xff" * 11) + END,
        "a size that is no number": raw_header(b"a", b"-0000000001") + END,
        "a name that is no text": raw_header(b"\xff\xfe", b"00000000000") + END,
        "a name of a gigabyte": raw_header(b"a", b"10000000000", b"L") + END,
        "a header of a gigabyte": raw_header(b"a", b"10000000000", b"x") + END,
        "header upon header": HUGE_CHAIN + raw_header(b"a", b"00000000000") + END,
        "a header at the end": pax({"path": "a"}) + END,
        "a record of no length": raw_header(b"a", b"00000000003", b"x") + b"0 a".ljust(512, b"\0") + END,
        "a record beyond the header": raw_header(b"a", b"00000000006", b"x") + b"99 a=b".ljust(512, b"\0"),
        "a length of many digits": pax({"size": "9" * 5000}) + raw_header(b"a", b"00000000000") + END,
    },
    "m.tar.gz": {
        "not compressed": GOOD_TAR,
        "cut": gzipped(GOOD_TAR)[:-20],
        "damaged": gzipped(GOOD_TAR)[:40] + b"\0\0\0\0" + gzipped(GOOD_TAR)[44:],
    },
    "m.tar.zst": {"not compressed": GOOD_TAR, "cut": _zstd(GOOD_TAR)[:-9]},
    "m.zip": {
        "empty": b"",
        "text": b"not a zip archive" * 100,
        "nothing in it": zip_of(),
        "cut": GOOD_ZIP[:-30],
        "without its beginning": GOOD_ZIP[40:],
        "a wrong size": GOOD_ZIP.replace(b"\x05\x00\x00\x00", b"\x06\x00\x00\x00"),
        "a wrong sum": zip_of(("a", b"graph"), method=zipfile.ZIP_STORED).replace(b"graph", b"grape"),
        "encrypted": _flagged(0x1),
    },
}


@pytest.mark.parametrize(("name", "what"), [(name, what) for name in BROKEN for what in BROKEN[name]])
def test_an_archive_that_cannot_be_read_is_told(unpacked: Unpacked, name: str, what: str) -> None:
    """Never a traceback, never half of it."""
    with pytest.raises(PullFailure) as caught:
        unpacked(name, BROKEN[name][what])
    assert (caught.value.reason, caught.value.transient) == (Reason.UNSUPPORTED_FORMAT, False)


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_entries_are_counted(unpacked: Unpacked, kind: str) -> None:
    """A million empty files would fill the volume's table of files."""
    entries = [(f"{number}", b"") for number in range(MAX_ENTRIES + 1)]
    content = zip_of(*entries) if kind == "zip" else gzipped(tar_of(*entries))
    with pytest.raises(PullFailure, match=str(MAX_ENTRIES)) as caught:
        unpacked(f"m.{kind}", content)
    assert caught.value.reason is Reason.TOO_LARGE


def test_a_directory_of_a_million_entries_is_refused_before_it_is_read(unpacked: Unpacked) -> None:
    """Whatever the archive says of their number: what counts is how long the directory is."""
    end = zip_of(("a", b"x"))[-22:]
    directory = bytes(50 * MEBIBYTE)
    lying = end[:12] + struct.pack("<LL", len(directory), 0) + end[20:]
    with pytest.raises(PullFailure, match="leave out what is none of the model's") as caught:
        unpacked("m.zip", directory + lying)
    assert caught.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.zst"])
def test_a_bomb_is_stopped_at_a_multiple_of_its_size(unpacked: Unpacked, kind: str) -> None:
    """A small file cannot fill a disk, however large models may be."""
    zeros = bytes(FREE_GROWTH + 40 * MEBIBYTE)
    packed = zip_of(("a", zeros)) if kind == "zip" else tar_of(("a", zeros))
    packed = {"zip": packed, "tar.gz": gzipped(packed, 9), "tar.zst": _zstd(packed)}[kind]
    with pytest.raises(PullFailure, match=f"{MOST_GROWTH} times its size") as caught:
        unpacked(f"m.{kind}", packed)
    assert caught.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_what_comes_out_counts_towards_the_models_limit(unpacked: Unpacked, kind: str) -> None:
    """The volume is as large as the model may be, not as the archive is."""
    packed = zip_of(("a", bytes(10**6))) if kind == "zip" else gzipped(tar_of(("a", bytes(10**6))))
    with pytest.raises(PullFailure) as caught:
        unpacked(f"m.{kind}", packed, 10**6 - 1)
    assert caught.value.reason is Reason.TOO_LARGE
    assert "--max-model-bytes" in caught.value.message


def test_entries_that_share_their_bytes_are_refused(unpacked: Unpacked) -> None:
    """One megabyte, listed ten thousand times, is ten gigabytes."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("a", os.urandom(1000))
        twin = zipfile.ZipInfo("b")
        first = archive.filelist[0]
        for field in ("CRC", "compress_size", "file_size", "header_offset", "compress_type"):
            setattr(twin, field, getattr(first, field))
        archive.filelist.append(twin)
        archive.NameToInfo["b"] = twin
        archive._didModify = True  # type: ignore[attr-defined] # no public way makes such an archive
    with pytest.raises(PullFailure, match="overlaps another") as caught:
        unpacked("m.zip", written.getvalue())
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT


def test_an_archive_with_a_wrong_digest_is_not_even_read(puller: Pullers, tmp_path: Path) -> None:
    """The pin comes first: whoever changed the archive gets no byte parsed."""
    (tmp_path / "m.zip").write_bytes(b"not even a zip")
    with pytest.raises(PullFailure) as caught:
        puller().pull(f"file:{tmp_path}/m.zip", tmp_path / "dest", "sha256:" + "0" * 64)
    assert caught.value.reason is Reason.DIGEST_MISMATCH
