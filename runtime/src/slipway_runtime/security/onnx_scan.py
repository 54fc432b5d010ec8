"""Reads an ONNX file before the engine does, and refuses what would make the engine read anything else.

An ONNX tensor may say "my bytes are in that file". The engine checks where that leads for ordinary
initializers only; a tensor can also stand in a sparse initializer, an attribute, a subgraph, a function or
the training info. So every TensorProto, wherever it stands, is visited here: the protobuf wire format is
walked without building objects, which costs microseconds per node and nothing per weight. Locations must
lead to plain files inside the model's folder.

Field numbers are those of onnx.proto (a test compares them with the onnx package).
"""

from __future__ import annotations

import mmap
import os
import stat
from typing import TYPE_CHECKING

from slipway_runtime.errors import LoadFailure, Reason
from slipway_runtime.security.protobuf import LENGTH_DELIMITED, Malformed, fields

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_DEPTH = 64  # subgraph within subgraph
MAX_MESSAGES = 20_000_000

# message -> field number -> message: the ways that lead to a TensorProto.
LEADS: dict[str, dict[int, str]] = {
    "ModelProto": {7: "GraphProto", 20: "TrainingInfoProto", 25: "FunctionProto"},
    "TrainingInfoProto": {1: "GraphProto", 2: "GraphProto"},
    "FunctionProto": {7: "NodeProto", 11: "AttributeProto"},
    "GraphProto": {1: "NodeProto", 5: "TensorProto", 15: "SparseTensorProto"},
    "NodeProto": {5: "AttributeProto"},
    "AttributeProto": {
        5: "TensorProto",
        6: "GraphProto",
        10: "TensorProto",
        11: "GraphProto",
        22: "SparseTensorProto",
        23: "SparseTensorProto",
    },
    "SparseTensorProto": {1: "TensorProto", 2: "TensorProto"},
    "TensorProto": {13: "StringStringEntryProto"},
}
_KEYS = frozenset({"location", "offset", "length", "checksum"})


def scan(model: Path) -> None:
    """Visit every tensor of an ONNX file.

    Raises:
        LoadFailure: UnsupportedFormat; not protobuf, too deep, or external data where it must not be.
    """
    if model.stat().st_size == 0:
        raise _refusal(f"'{model.name}' is empty")
    with model.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        try:
            for key, value in _external_data(mapped):
                _check_entry(model.parent, key, value)
        except Malformed as error:
            raise _refusal(f"'{model.name}' is not an ONNX model: {error}") from None


def _external_data(buffer: mmap.mmap) -> Iterator[tuple[str, str]]:
    """Every key and value of every tensor's external data."""
    seen = 0
    stack = [("ModelProto", 0, len(buffer), 0)]
    while stack:
        message, start, end, depth = stack.pop()
        seen += 1
        if depth > MAX_DEPTH * 3 or seen > MAX_MESSAGES:  # a subgraph is three messages deep
            raise Malformed(f"nested deeper than {MAX_DEPTH} graphs, or more than {MAX_MESSAGES} parts")
        leads = LEADS[message]
        for number, wire_type, first, last in fields(buffer, start, end):
            target = leads.get(number)
            if target is None:
                continue
            if wire_type != LENGTH_DELIMITED:
                raise Malformed(f"field {number} of {message} is no message")
            if target == "StringStringEntryProto":
                yield _entry(buffer, first, last)
            else:
                stack.append((target, first, last, depth + 1))


def _entry(buffer: mmap.mmap, start: int, end: int) -> tuple[str, str]:
    texts = {1: b"", 2: b""}
    for number, wire_type, first, last in fields(buffer, start, end):
        if wire_type != LENGTH_DELIMITED:  # other readers would skip it: what they see must be seen here
            raise Malformed(f"field {number} of StringStringEntryProto is no text")
        texts[number] = buffer[first:last]
    return texts[1].decode(errors="replace"), texts[2].decode(errors="replace")


def _check_entry(folder: Path, key: str, value: str) -> None:
    if key not in _KEYS:
        raise _refusal(f"a tensor's external data has the unknown key {key[:40]!a}")
    if key == "location":
        _check_location(folder, value)
    elif key in ("offset", "length") and not (value.isascii() and value.isdigit() and len(value) < 20):  # noqa: PLR2004 # digits of 2^63
        raise _refusal(f"a tensor's external data has an impossible {key}: {value[:40]!a}")


def _check_location(folder: Path, location: str) -> None:
    """A plain file of one name, below the folder, reached without links."""
    shown = ascii(location[:80])
    parts = location.split("/")
    # A '*' stands in the marker by which ONNX Runtime's own tensors name an address in memory.
    plain = location.isprintable() and not set(location) & {"\\", "*"}
    if not plain or any(part in ("", ".", "..") for part in parts):
        raise _refusal(
            f"a tensor's data lies at {shown}: it must be a relative path inside the model's folder"
        )
    path = folder
    found = folder.stat()
    for part in parts:
        path = path / part
        try:
            found = os.lstat(path)
        except (OSError, ValueError):
            raise _refusal(
                f"a tensor's data lies in {shown}, which the model's folder does not have"
            ) from None
        if stat.S_ISLNK(found.st_mode):
            raise _refusal(f"a tensor's data lies behind the link {shown}: replace it by the file")
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        raise _refusal(f"a tensor's data lies in {shown}, which is not a plain file of one name: copy it")


def _refusal(message: str) -> LoadFailure:
    return LoadFailure(Reason.UNSUPPORTED_FORMAT, message)
