"""Images as files: a docker-archive is a tar of layer tars and two JSON documents, so no engine is needed.

Both functions give equal bytes for equal input: entries are sorted, owners numeric, times zero.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

_EPOCH: Final = "1970-01-01T00:00:00Z"
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


def from_folder(root: Path, target: Path, reference: str, environment: Mapping[str, str]) -> None:
    """Writes the file system under `root` to `target` as an image of one layer called `reference`."""
    with tempfile.TemporaryFile(dir=target.parent) as layer:
        _write_layer(root, layer)
        digest = _sha256(layer)
        machine = os.uname().machine
        config = {
            "architecture": _ARCHITECTURES.get(machine, machine),
            "os": "linux",
            "created": _EPOCH,
            "config": {"Env": [f"{name}={value}" for name, value in sorted(environment.items())]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
            "history": [{"created": _EPOCH}],
        }
        content = json.dumps(config, sort_keys=True).encode()
        config_name = f"{hashlib.sha256(content).hexdigest()}.json"
        layer_name = f"{digest}/layer.tar"
        manifest = [{"Config": config_name, "RepoTags": [reference], "Layers": [layer_name]}]
        with tarfile.open(target, "w") as archive:
            _add(archive, "manifest.json", json.dumps(manifest, sort_keys=True).encode())
            _add(archive, config_name, content)
            entry = tarfile.TarInfo(layer_name)
            entry.size = os.fstat(layer.fileno()).st_size
            layer.seek(0)
            archive.addfile(entry, layer)


def renamed(source: Path, target: Path, references: Sequence[str]) -> None:
    """Writes the docker-archive `source` of one image to `target`, with `references` as its names."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        manifest = json.load(_content(old, "manifest.json"))
        manifest[0]["RepoTags"] = list(references)
        _add(new, "manifest.json", json.dumps(manifest, sort_keys=True).encode())
        for name in sorted({manifest[0]["Config"], *manifest[0]["Layers"]}):
            member = old.getmember(name)
            entry = tarfile.TarInfo(name)
            entry.type, entry.size, entry.linkname = member.type, member.size, member.linkname
            new.addfile(entry, old.extractfile(member) if member.isfile() else None)


def _write_layer(root: Path, layer: IO[bytes]) -> None:
    with tarfile.open(fileobj=layer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path in sorted(root.iterdir()):
            tar.add(path, arcname=path.name, filter=_anonymous)


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if entry.ischr() or entry.isblk() or entry.isfifo():
        return None  # the container runtime makes its own devices
    entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


def _sha256(stream: IO[bytes]) -> str:
    stream.seek(0)
    return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]  # a file is readable into a buffer


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _content(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    stream = archive.extractfile(name)
    if stream is None:
        raise ValueError(f"{archive.name!s}: {name} must be a file in a docker-archive")
    return stream
