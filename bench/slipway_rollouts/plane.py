"""A control plane of its own for each contestant: no node, but all that Kubernetes' own controllers need."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CLUSTER = ROOT / "hack" / "cluster" / "cluster"
NAME = "scale"
WAIT = "60s"


@dataclass(frozen=True)
class Plane:
    """A running control plane, with an administrator's rights.

    Attributes:
        environ: KUBECONFIG, the audit log's path, and kubectl on the PATH.
    """

    environ: Mapping[str, str]

    @property
    def kubeconfig(self) -> Path:
        """An administrator's."""
        return Path(self.environ["KUBECONFIG"])

    @property
    def audit(self) -> Path:
        """One JSON line for each request that was answered."""
        return Path(self.environ["SLIPWAY_AUDIT_LOG"])

    def kubectl(self, *words: str, manifests: Sequence[Mapping[str, Any]] = ()) -> str:
        """What kubectl prints; `manifests` are its standard input."""
        text = "\n".join(json.dumps(each) for each in manifests)
        done = subprocess.run(
            ["kubectl", *words],
            input=text,
            env=dict(self.environ),
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"kubectl {shlex.join(words)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def define(self, crds: Sequence[Path]) -> None:
        """Makes kinds, and waits until objects of them can be made."""
        files = [word for path in crds for word in ("-f", str(path))]
        self.kubectl("apply", "--server-side", *files)
        self.kubectl("wait", "--for=condition=Established", f"--timeout={WAIT}", *files)

    def account(self, namespace: str, folder: Path) -> Path:
        """A kubeconfig for a service account that may do everything, in a new namespace of its name."""
        subject = {"kind": "ServiceAccount", "name": namespace, "namespace": namespace}
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": namespace},
            "roleRef": role,
            "subjects": [subject],
        }
        self.kubectl("create", "namespace", namespace)
        self.kubectl("create", "serviceaccount", namespace, "-n", namespace)
        self.kubectl("create", "-f", "-", manifests=[binding])
        token = self.kubectl("create", "token", namespace, "-n", namespace, "--duration=12h")
        config = yaml.safe_load(self.kubeconfig.read_text())
        config["users"] = [{"name": namespace, "user": {"token": token}}]
        config["contexts"][0]["context"]["user"] = namespace
        path = folder / f"{namespace}.kubeconfig"
        path.write_text(yaml.safe_dump(config))
        return path


@contextmanager
def control_plane() -> Iterator[Plane]:
    """Brings up an empty one, and takes it down afterwards."""
    _cluster("down")
    _cluster("up", "--control-plane-only")
    try:
        yield Plane(dict(os.environ) | _exports(_cluster("env")))
    finally:
        _cluster("down")


def _cluster(*words: str) -> str:
    done = subprocess.run(
        [CLUSTER, *words, "--name", NAME], check=False, capture_output=True, text=True, timeout=1_800
    )
    if done.returncode:
        raise RuntimeError(f"`cluster {shlex.join(words)}`: {done.stderr.strip()}")
    return done.stdout


def _exports(text: str) -> dict[str, str]:
    """The variables of `cluster env`, which is written for a shell."""
    pairs = (shlex.split(line)[1].partition("=") for line in text.splitlines() if line.startswith("export "))
    return {name: value.replace("$PATH", os.environ["PATH"]) for name, _, value in pairs}
