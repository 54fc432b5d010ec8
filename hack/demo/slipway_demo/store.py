"""The models' way into S3, and the credentials' way to the pods that fetch them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from slipway_demo.models import Trained
from slipway_demo.platform import LocalCluster
from slipway_demo.shell import Shell

ADDON = "slipway-addons"
SECRET = "s3-credentials"  # noqa: S105 - a Secret's name, not what is in it


def store(cluster: LocalCluster, model: Trained, uri: str) -> None:
    """Puts a model under `uri`, a folder."""
    put(cluster, model.onnx, f"{uri}/model.onnx")


def put(cluster: LocalCluster, content: bytes, url: str) -> None:
    """Puts a file."""
    with tempfile.TemporaryDirectory(prefix="slipway-demo-") as folder:
        file = Path(folder) / "content"
        file.write_bytes(content)
        cluster.put(file, url)


def share_credentials(shell: Shell, namespace: str) -> None:
    """Copies the S3 server's Secret next to the models that need it."""
    secret = json.loads(
        shell.read("kubectl", "get", "secret", SECRET, f"--namespace={ADDON}", "--output=json")
    )
    copy = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SECRET, "namespace": namespace},
        "data": secret["data"],
    }
    shell.read("kubectl", "apply", "--server-side", "--filename=-", text=json.dumps(copy))
