"""Kubeconfigs with the certificates inside, so that they can be copied anywhere."""

import base64
from pathlib import Path
from typing import Any


def kubeconfig(cluster: str, port: int, pki: Path, user: str) -> dict[str, Any]:
    """A kubeconfig for the API server on 127.0.0.1:`port`, as the user of a certificate in `pki`.

    The port is the same on the machine (where the relay listens) and inside (where the server does).
    """
    server = {
        "server": f"https://127.0.0.1:{port}",
        "certificate-authority-data": _base64(pki / "ca.crt"),
    }
    credentials = {
        "client-certificate-data": _base64(pki / f"{user}.crt"),
        "client-key-data": _base64(pki / f"{user}.key"),
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": cluster,
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": f"{cluster}-{user}"}}],
        "clusters": [{"name": cluster, "cluster": server}],
        "users": [{"name": f"{cluster}-{user}", "user": credentials}],
    }


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
