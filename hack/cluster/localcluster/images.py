"""Container images from single static programs, without a registry, a daemon or a Dockerfile.

An image archive in Docker's format is a tar of a layer (itself a tar), a configuration and a
manifest. Equal programs give equal bytes: no time, no user's name goes in.
"""

import hashlib
import io
import json
import platform
import tarfile
import tempfile
from pathlib import Path
from typing import IO, Any

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}  # uname's word → Go's and Docker's
NOBODY = 65532  # the user that such an image runs as, unless the pod says otherwise
_EPOCH = "1970-01-01T00:00:00Z"
_BLOCK = 1 << 20


def write(archive: Path, tag: str, program: Path) -> None:
    """Write an image archive whose only file and entry point is `/<program's name>`."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile() as layer, tarfile.open(archive, "w", format=tarfile.GNU_FORMAT) as out:
        _write_layer(layer, program)
        digest = _digest(layer)
        image = json.dumps(configuration(digest, f"/{program.name}")).encode()
        name = hashlib.sha256(image).hexdigest() + ".json"
        manifest = [{"Config": name, "RepoTags": [tag], "Layers": [f"{digest}/layer.tar"]}]
        _add(out, name, io.BytesIO(image), len(image))
        text = json.dumps(manifest).encode()
        _add(out, "manifest.json", io.BytesIO(text), len(text))
        size = layer.seek(0, io.SEEK_END)
        layer.seek(0)
        _add(out, f"{digest}/layer.tar", layer, size)


def configuration(layer: str, entrypoint: str) -> dict[str, Any]:
    """An image's configuration; `layer` is the SHA-256 of its only layer."""
    return {
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "created": _EPOCH,
        "config": {"Entrypoint": [entrypoint], "User": f"{NOBODY}:{NOBODY}", "Env": ["PATH=/"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}"]},
        "history": [{"created": _EPOCH}],
    }


def _write_layer(out: IO[bytes], program: Path) -> None:
    with (
        tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as layer,
        program.open("rb") as content,
    ):
        folder = tarfile.TarInfo("tmp")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o1777
        layer.addfile(folder)
        _add(layer, program.name, content, program.stat().st_size, mode=0o755)


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes], size: int, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, mode
    archive.addfile(entry, content)


def _digest(content: IO[bytes]) -> str:
    content.seek(0)
    digest = hashlib.sha256()
    while block := content.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()
