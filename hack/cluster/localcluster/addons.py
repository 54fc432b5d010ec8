"""What can be had besides the bare cluster: pod metrics, and an S3 server.

Installing one that is there already changes nothing.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from localcluster import home
from localcluster.cluster import Cluster
from localcluster.images import NOBODY
from localcluster.kubectl import apply, import_archive
from localcluster.modules import CLUSTER, METRICS_SERVER, S3, VERSITYGW
from localcluster.settings import TREE
from localcluster.waiting import Progress, until

NAMESPACE = "slipway-addons"
S3_ENDPOINT = f"http://s3.{NAMESPACE}.svc:7070"
S3_ACCESS_KEY = "slipway-demo"
S3_SECRET_KEY = "slipway-demo-secret"  # noqa: S105 - demo credentials, printed in the documentation
_START = 60.0
MANIFESTS = TREE / "manifests"


def install(name: str, cluster: Cluster, builds: Mapping[str, Path], progress: Progress) -> None:
    """Install an add-on by its name; `builds` is module → folder."""
    INSTALLERS[name](cluster, builds)
    progress.say(f"add-on {name} installed")


def metrics_values(kubelet_ca: str) -> dict[str, str]:
    """What metrics-server's manifest is filled with; a scrape every 10 s is the shortest it is made for."""
    arguments = [
        "--metric-resolution=10s",
        "--kubelet-request-timeout=5s",
        f"--kubelet-certificate-authority={kubelet_ca}",
    ]
    return {"image": METRICS_SERVER.tag, "args": json.dumps(arguments)}


def _metrics(cluster: Cluster, builds: Mapping[str, Path]) -> None:
    import_archive(cluster, builds[CLUSTER.name] / "images" / f"{METRICS_SERVER.program}.tar")
    values = metrics_values("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt")
    apply(cluster.home, MANIFESTS / "metrics-server.yaml", values)


def s3_values(folder: Path) -> dict[str, str]:
    """What the S3 server's manifest is filled with; `folder` is the node's folder of buckets."""
    return {
        "access_key": S3_ACCESS_KEY,
        "secret_key": S3_SECRET_KEY,
        "endpoint": S3_ENDPOINT,
        "image": VERSITYGW.tag,
        "pull_policy": "Never",
        "folder": str(folder),
    }


def _s3(cluster: Cluster, builds: Mapping[str, Path]) -> None:
    cluster.home.s3.mkdir(exist_ok=True)
    os.chown(cluster.home.s3, NOBODY, NOBODY)
    import_archive(cluster, builds[S3.name] / "images" / f"{VERSITYGW.program}.tar")
    apply(cluster.home, MANIFESTS / "s3.yaml", s3_values(home.S3))
    until(
        "the S3 server to be available",
        lambda: cluster.api.available(NAMESPACE, "s3"),
        seconds=_START,
        clue=lambda: cluster.clue("kubelet"),
    )


INSTALLERS: Mapping[str, Callable[[Cluster, Mapping[str, Path]], None]] = {"metrics": _metrics, "s3": _s3}
