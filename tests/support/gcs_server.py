"""A real server of Google's storage protocol on loopback: fake-gcs-server, which keeps objects in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from localcluster.modules import GCS
from storage_server import free_port, go_program, running


@dataclass(frozen=True)
class GcsServer:
    """A running server."""

    endpoint: str

    @property
    def environ(self) -> dict[str, str]:
        """What a client needs, under the vendor's name."""
        return {"STORAGE_EMULATOR_HOST": self.endpoint}

    def put(self, bucket: str, key: str, content: bytes) -> None:
        """An object; the bucket is made where it is missing."""
        with httpx.Client(base_url=self.endpoint, trust_env=False) as client:
            client.post("/storage/v1/b", json={"name": bucket})
            query = {"uploadType": "media", "name": key}
            client.post(f"/upload/storage/v1/b/{bucket}/o", params=query, content=content).raise_for_status()


@contextmanager
def gcs_server(folder: Path) -> Iterator[GcsServer]:
    """Up until the block ends."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    flags = f"-scheme http -host 127.0.0.1 -port {port} -public-host 127.0.0.1:{port} -backend memory"
    words: list[str | Path] = [go_program(GCS), *flags.split()]
    with running(words, {}, f"{endpoint}/_internal/healthcheck", folder / "log"):
        yield GcsServer(endpoint)
