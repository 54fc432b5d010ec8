"""How to reach the API server that a kubeconfig with embedded certificates names."""

from __future__ import annotations

import base64
import ssl
import tempfile
from pathlib import Path

import yaml


def connection(kubeconfig: Path) -> tuple[str, ssl.SSLContext]:
    """The server's address, and TLS as the user of the current context."""
    config = yaml.safe_load(kubeconfig.read_text())
    current = next(one for one in config["contexts"] if one["name"] == config["current-context"])["context"]
    cluster = next(one for one in config["clusters"] if one["name"] == current["cluster"])["cluster"]
    user = next(one for one in config["users"] if one["name"] == current["user"])["user"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    with tempfile.NamedTemporaryFile() as chain:  # the ssl module reads certificates from files only
        for part in ("client-certificate-data", "client-key-data"):
            chain.write(base64.b64decode(user[part]) + b"\n")
        chain.flush()
        context.load_cert_chain(chain.name)
    return cluster["server"], context
