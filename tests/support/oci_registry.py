"""A real container registry on loopback: distribution, with or without a password; and what pushes to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from localcluster.modules import REGISTRY
from storage_server import free_port, go_program, running

USER = "slipway"
PASSWORD = "S3CR3T-of-the+registry/"
HASHED = "$2b$04$J/3YtdTkpppscc33mPfoDe69CzTQGee5fSoa2H76KxhjDoNR7T24."
"""The password by bcrypt, the only form that the registry takes."""
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
FILE = "application/octet-stream"
TITLE = "org.opencontainers.image.title"


def digest_of(content: bytes) -> str:
    """How a registry names content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(frozen=True)
class Registry:
    """A running registry."""

    authority: str
    storage: Path
    auth: tuple[str, str] | None = None

    def blob_path(self, digest: str) -> Path:
        """Where a blob lies on disk."""
        name = digest.removeprefix("sha256:")
        return self.storage / "docker/registry/v2/blobs/sha256" / name[:2] / name / "data"

    def blob(self, repository: str, content: bytes, media_type: str = FILE, **notes: str) -> dict[str, Any]:
        """Push a blob; returns the layer that names it. `notes` are annotations, title= the file's name."""
        digest = digest_of(content)
        with self._client() as client:
            begun = client.post(f"/v2/{repository}/blobs/uploads/").raise_for_status()
            where = httpx.URL(begun.headers["location"]).copy_merge_params({"digest": digest})
            client.put(where, content=content).raise_for_status()
        annotations = {TITLE if name == "title" else name: text for name, text in notes.items()}
        return {"mediaType": media_type, "digest": digest, "size": len(content), "annotations": annotations}

    def tag(self, repository: str, reference: str, document: Mapping[str, Any]) -> str:
        """Push a manifest or index; returns its digest."""
        body = json.dumps(document).encode()
        with self._client() as client:
            client.put(
                f"/v2/{repository}/manifests/{reference}",
                content=body,
                headers={"content-type": document["mediaType"]},
            ).raise_for_status()
        return digest_of(body)

    def push(self, repository: str, tag: str, files: Mapping[str, bytes]) -> str:
        """An artifact of files, as `oras push` makes it; returns its digest."""
        return self.tag(
            repository,
            tag,
            self.manifest(repository, [self.blob(repository, c, title=n) for n, c in files.items()]),
        )

    def manifest(self, repository: str, layers: list[dict[str, Any]]) -> dict[str, Any]:
        """The manifest of these layers."""
        config = self.blob(repository, b"{}", "application/vnd.oci.empty.v1+json")
        return {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}

    def _client(self) -> httpx.Client:
        # The server builds upload addresses from the Host header, so they lead back here.
        return httpx.Client(base_url=f"http://{self.authority}", auth=self.auth, trust_env=False)


@contextmanager
def oci_registry(folder: Path, *, password: bool = False) -> Iterator[Registry]:
    """Up until the block ends."""
    authority = f"127.0.0.1:{free_port()}"
    config: dict[str, Any] = {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "storage")}},
        "http": {"addr": authority},
    }
    if password:
        (folder / "htpasswd").write_text(f"{USER}:{HASHED}\n")
        config["auth"] = {"htpasswd": {"realm": "models", "path": str(folder / "htpasswd")}}
    (folder / "config.json").write_text(json.dumps(config))  # YAML takes JSON
    words: list[str | Path] = [go_program(REGISTRY), "serve", folder / "config.json"]
    with running(words, {"OTEL_TRACES_EXPORTER": "none"}, f"http://{authority}/v2/", folder / "log"):
        yield Registry(authority, folder / "storage", (USER, PASSWORD) if password else None)
