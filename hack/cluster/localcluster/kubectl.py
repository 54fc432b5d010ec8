"""Changing what is in a cluster: manifests through kubectl, images through containerd's client."""

import os
import string
import subprocess
from collections.abc import Mapping
from pathlib import Path

from localcluster import namespaces
from localcluster.cluster import Cluster
from localcluster.errors import ClusterError
from localcluster.home import Home


def manifest(path: Path, values: Mapping[str, object]) -> str:
    """A manifest's text with its $placeholders filled; a placeholder without a value is an error."""
    return string.Template(path.read_text()).substitute(values)


def apply(home: Home, path: Path, values: Mapping[str, object]) -> None:
    """Apply a manifest; harmless when it is there already."""
    line = [str(home.bin / "kubectl"), "apply", "--filename=-"]
    environment = os.environ | {"KUBECONFIG": str(home.kubeconfig), "KUBECACHEDIR": str(home.root / "cache")}
    text = manifest(path, values)
    done = subprocess.run(line, input=text, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(f"`kubectl apply` of {path.name} failed: {done.stderr.strip()}")


def import_archive(cluster: Cluster, archive: Path) -> str:
    """Give the node the images of an archive (Docker's or OCI's format); returns what containerd says."""
    line = namespaces.ctr_command(cluster.require_init().pid, ["images", "import", "-"])
    with archive.open("rb") as content:
        done = subprocess.run(
            line, stdin=content, capture_output=True, text=True, errors="replace", check=False
        )
    if done.returncode != 0:
        raise ClusterError(
            f"containerd did not take {archive}: {(done.stdout + done.stderr).strip()}\n"
            "it must be `docker save`, of `buildah push IMAGE docker-archive:FILE`, or an OCI layout"
        )
    return done.stdout.strip()
