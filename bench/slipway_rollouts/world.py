"""A whole local cluster for the updates under load: real pods, the runtime's image, two models in S3."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from openloop.session import Rates, Session
from slipway_demo.console import Console
from slipway_demo.install import build_images
from slipway_demo.models import Trained, train, write_expectations
from slipway_demo.platform import LocalCluster
from slipway_demo.shell import Shell
from slipway_demo.store import SECRET, share_credentials, store
from slipway_rollouts.contestants import NAMESPACE
from slipway_rollouts.plane import NAME, Plane

MODEL = "iris"


@dataclass(frozen=True)
class World:
    """A running cluster.

    Attributes:
        image: the runtime's, on the node.
        secret: with the credentials that pods fetch models with.
    """

    shell: Shell
    cluster: LocalCluster
    models: tuple[Trained, Trained]
    image: str
    secret: str = SECRET

    @property
    def plane(self) -> Plane:
        """Its control plane."""
        return Plane(self.shell)

    def load(self, name: str, rates: Rates, folder: Path) -> AbstractContextManager[Session]:
        """Open-loop load on a served model, from inside the cluster's network."""
        expectations = write_expectations(folder / "expectations.json", MODEL, self.models)
        url, report = f"http://{name}.{NAMESPACE}.svc", folder / "report.json"
        prefix = self.cluster.inside()
        return Session(url, expectations, rates, report, prefix=prefix, environ=self.shell.environ)


@contextmanager
def world() -> Iterator[World]:
    """Brings up an empty one with the models' namespace, and takes it down afterwards."""
    shell = Shell(Console(sys.stderr), {"SLIPWAY_CLUSTER": NAME})
    cluster = LocalCluster(shell)
    reference, archive = build_images(shell)["runtime"]
    cluster.down()
    try:
        cluster.up()
        cluster.load([(reference, archive)])
        models = train()
        for number, model in enumerate(models, start=1):
            store(cluster, model, f"s3://models/{MODEL}/{number}")
        shell.read("kubectl", "create", "namespace", NAMESPACE)
        share_credentials(shell, NAMESPACE)
        yield World(shell, cluster, models, reference)
    finally:
        cluster.down()
